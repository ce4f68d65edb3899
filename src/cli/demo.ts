import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Config, loadConfig } from "../config.ts";
import { citizenOfCard } from "../dukcapil/citizens.ts";
import { openRegister } from "../dukcapil/register.ts";
import { signToken } from "../http/auth.ts";
import { drawKtp, drawSelfie, makeCitizen } from "../sample/sample.ts";
import { createService, openSealer, signingSecret } from "../service.ts";
import type { KtpStepAnswer, SelfieStepAnswer, StartAnswer } from "../verification/verification.ts";
import { KTP_FIELDS } from "../vision/facts.ts";
import { type Command, type Context, whole } from "./command.ts";
import { servicePortFile } from "./running.ts";

const USER = "demo-user";
const TOKEN_MINUTES = 5;

export const demo: Command = {
  usage: "demo [--seed N]",
  summary: "Take one invented citizen through every step, against the running service or one of its own.",
  flags: { seed: "string" },
  async run(_words, flags, context) {
    const seed = whole(flags, "seed", Math.floor(Date.now() / 1000) % 100_000, 0, 2 ** 32 - 1);
    const running = await answering(context.config);
    if (running !== null) {
      context.out.note(`Using the service on ${running}`);
      return walk(running, context.config, seed, context);
    }
    context.out.note("No service answers; one is started for this demonstration.");
    const dataDir = await mkdtemp(join(tmpdir(), "payu-kyc-demo-"));
    try {
      const config = loadConfig({ DATA_DIR: dataDir, HOST: "127.0.0.1", PORT: "0", LOG_LEVEL: "silent" });
      const service = await createService({ ...config, models: context.config.models });
      try {
        await walk(`http://127.0.0.1:${await service.listen()}`, config, seed, context);
      } finally {
        await service.close();
      }
    } finally {
      await rm(dataDir, { recursive: true, force: true });
    }
  },
};

/** The address of a service on this data folder that answers, or null. */
async function answering(config: Config): Promise<string | null> {
  const port = await readFile(servicePortFile(config.dataDir), "utf8").catch(() => null);
  if (port === null) return null;
  const url = `http://127.0.0.1:${port.trim()}`;
  const alive = await fetch(`${url}/health`).then(
    (response) => response.ok,
    () => false,
  );
  return alive ? url : null;
}

async function walk(url: string, config: Config, seed: number, { out }: Context): Promise<void> {
  const { keys, sealer } = openSealer(config);
  const secret = signingSecret(config, keys);
  if (secret === null)
    throw new Error("The running service takes no tokens signed here: SECRET_KEY is not set.");
  const token = await signToken({ secret, user: USER, scopes: [], minutes: TOKEN_MINUTES });
  const citizen = await makeCitizen(seed, 0);
  const [ktp, selfie] = [await drawKtp(citizen), await drawSelfie(citizen)];
  if (config.dukcapil.adapter === "embedded") {
    await openRegister({ dir: config.dataDir, sealer }).add([citizenOfCard(citizen)]);
  }

  async function step<T extends object>(
    name: string,
    path: string,
    body: FormData | string,
    lines: (answer: T) => string[],
  ): Promise<T> {
    const begun = performance.now();
    const response = await fetch(`${url}/api/v1/kyc${path}`, {
      method: "POST",
      body,
      headers: {
        authorization: `Bearer ${token}`,
        ...(typeof body === "string" && { "content-type": "application/json" }),
      },
    });
    const answer = (await response.json()) as T & { detail?: string };
    const milliseconds = Math.round(performance.now() - begun);
    if (!response.ok) throw new Error(`${name} was answered ${response.status}: ${answer.detail}`);
    out.result({ step: name, milliseconds, answer }, () => [
      `${name}  ${milliseconds} ms`,
      ...lines(answer),
      "",
    ]);
    return answer;
  }
  const upload = (id: string, name: string, image: Uint8Array) => {
    const form = new FormData();
    form.append("verification_id", id);
    form.append(name, new Blob([Buffer.from(image)], { type: "image/jpeg" }), `${name}.jpg`);
    return form;
  };

  const { verification_id: id } = await step<StartAnswer>(
    "start",
    "/verify/start",
    JSON.stringify({ user_id: USER, verification_type: "FULL_KYC" }),
    (answer) => [`  ${answer.verification_id}  ${answer.status}  ${answer.message}`],
  );
  await step<KtpStepAnswer>(
    "ktp",
    "/verify/ktp",
    upload(id, "ktp_image", ktp),
    ({ status, ocr_result, next_step }) => [
      ...KTP_FIELDS.map((field) => {
        const { value, confidence } = ocr_result.fields[field];
        const right = value === citizen[field] ? "as printed" : `printed: ${citizen[field]}`;
        return `  ${field.padEnd(14)} ${(value ?? "-").padEnd(36)} ${confidence.toFixed(2)}  ${right}`;
      }),
      `  ${status}  ${next_step}`,
    ],
  );
  await step<SelfieStepAnswer>("selfie", "/verify/selfie", upload(id, "selfie_image", selfie), (answer) => {
    const { liveness_result: liveness, face_match_result: match, dukcapil_result: registry } = answer;
    const pose = liveness?.details.head_pose;
    return [
      `  liveness   ${liveness?.is_live ? "live" : "not live"}, confidence ${liveness?.confidence.toFixed(2)}, spoof score ${liveness?.details.spoof_score?.toFixed(2)} (${liveness?.details.model})`,
      `             eyes ${liveness?.details.eye_openness?.toFixed(2)}, mouth ${liveness?.details.mouth_movement?.toFixed(2)}, yaw ${pose?.yaw.toFixed(0)}°, pitch ${pose?.pitch.toFixed(0)}°, roll ${pose?.roll.toFixed(0)}°, skin ${liveness?.details.skin_texture?.toFixed(2)}`,
      `  face       ${match?.is_match ? "same person" : "different people"}, cosine ${match?.similarity_score?.toFixed(4)}, threshold ${match?.threshold}`,
      `  registry   ${registry?.status}${registry?.is_valid ? ", particulars agree" : ""}`,
      `  decision   ${answer.status}${answer.rejection_reason ? `: ${answer.rejection_reason}` : ""}`,
    ];
  });
}
