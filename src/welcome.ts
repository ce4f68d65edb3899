import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Config } from "./config.ts";
import { signToken } from "./http/auth.ts";
import { DEMO_USER } from "./http/demo.ts";
import { SAMPLE_SET } from "./sample/set.ts";
import { openSealer, type Service, samplesFolder, signingSecret } from "./service.ts";
import { VERSION } from "./version.ts";

const run = promisify(execFile);
const CLI = fileURLToPath(new URL("./cli.ts", import.meta.url));

const DEMO_MINUTES = 24 * 60;

/**
 * What a person at a terminal is told when the service is up: what runs, where the data lies, and lines to paste.
 * Makes the sample pictures that the lines use on first start.
 */
export async function welcome(config: Config, service: Service, port: number): Promise<string> {
  const base = `http://localhost:${port}`;
  const { keys } = openSealer(config);
  const folder = samplesFolder(config);
  if (!existsSync(join(folder, SAMPLE_SET.ktp))) {
    // Drawn by a process of their own: fonts, photographs and the list of regions would stay in this one's memory.
    await run(process.execPath, [CLI, "sample", "--starter", "--out", folder]);
  }
  const secret = signingSecret(config, keys);
  const token =
    secret === null ? null : await signToken({ secret, user: DEMO_USER, scopes: [], minutes: DEMO_MINUTES });
  const at = (name: string) => {
    const path = relative(process.cwd(), join(folder, name));
    return path.startsWith("..") ? join(folder, name) : path;
  };
  const liveness = service.strongSpoofing
    ? "strong spoofing networks"
    : `weak baseline only, ${config.policy.baselineMayDecide ? "may decide outside production" : "verifies nobody"} (npm run -s kyc -- models pull minifasnet)`;
  const post = `curl -s -H "Authorization: Bearer $TOKEN"`;
  const lines = [
    "",
    `PayU KYC Service ${VERSION} on ${base}   API: ${base}/docs   stop: Ctrl+C`,
    `  database   ${service.database === "embedded" ? `embedded PostgreSQL in ${join(config.dataDir, "database")}` : "PostgreSQL server"}, images encrypted in ${"s3" in config.images ? `s3://${config.images.s3.bucket}` : config.images.folder}`,
    `  registry   ${config.dukcapil.adapter === "embedded" ? "simulator in this process" : config.dukcapil.url}`,
    `  events     ${config.events.bootstrapServers.length > 0 ? `sent to Kafka at ${config.events.bootstrapServers.join(", ")}` : "kept in the outbox: npm run -s kyc -- events"}`,
    `  liveness   ${liveness}`,
    `  a token    npm run -s kyc -- token --user ${DEMO_USER}   the whole way at once: npm run demo`,
    `  a page     npm run -s kyc -- link --user ${DEMO_USER}   for a phone's or this machine's browser: consent, KTP, face`,
    ...(config.demo
      ? [`  a demo     ${base}/demo   the page with sample cards and faces, where there is no camera too`]
      : []),
    "",
    "Try it, line by line:",
    `  TOKEN=${token ?? "<a token of your identity provider>"}`,
    `  ID=$(${post} -H "Content-Type: application/json" -d '{"user_id":"${DEMO_USER}"}' ${base}/api/v1/kyc/verify/start | sed 's/.*"verification_id":"\\([^"]*\\)".*/\\1/')`,
    `  ${post} -F verification_id=$ID -F ktp_image=@${at(SAMPLE_SET.ktp)} ${base}/api/v1/kyc/verify/ktp`,
    `  ${post} -F verification_id=$ID -F selfie_image=@${at(SAMPLE_SET.selfie)} ${base}/api/v1/kyc/verify/selfie`,
    `Others to send: another person ${at(SAMPLE_SET.otherSelfie)}, a blocked citizen ${at(SAMPLE_SET.blockedKtp)} with ${at(SAMPLE_SET.blockedSelfie)}, no card ${at(SAMPLE_SET.notAKtp)}`,
    "",
  ];
  return `${lines.join("\n")}\n`;
}
