import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../../src/config.ts";
import { type CitizenStatus, citizenOfCard } from "../../src/dukcapil/citizens.ts";
import { openRegister } from "../../src/dukcapil/register.ts";
import { signToken } from "../../src/http/auth.ts";
import { drawKtp, drawSelfie, makeCitizen, type SampleCitizen } from "../../src/sample/sample.ts";
import { createService, openSealer, type Service } from "../../src/service.ts";
import { giveCluster } from "./cluster.ts";

export const SECRET = "a secret of the tests that is long enough";

/** An answer with its body as JSON. */
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: answers of all kinds are looked into here
  readonly body: any;
}

/** A client of one user. */
export interface Client {
  get(path: string): Promise<Reply>;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Reply>;
  remove(path: string): Promise<Reply>;
  start(type?: "FULL_KYC" | "BASIC_KYC"): Promise<string>;
  ktp(id: string, image: Uint8Array, headers?: Record<string, string>): Promise<Reply>;
  selfie(id: string, image: Uint8Array, headers?: Record<string, string>): Promise<Reply>;
  /** Answers a liveness challenge. */
  frames(
    id: string,
    asked: { readonly challenge_id: string; readonly nonce: string },
    frames: readonly { readonly at: number; readonly jpeg: Uint8Array }[],
  ): Promise<Reply>;
}

/** Talks to a service as one user. */
export function clientOf(url: string, token: string, user: string): Client {
  const api = `${url}/api/v1/kyc`;
  const send = async (path: string, init: RequestInit): Promise<Reply> => {
    const response = await fetch(`${api}${path}`, {
      ...init,
      headers: { authorization: `Bearer ${token}`, ...init.headers },
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: text === "" ? null : JSON.parse(text),
    };
  };
  const post: Client["post"] = (path, body, headers = {}) =>
    send(path, {
      method: "POST",
      body: body instanceof FormData ? body : JSON.stringify(body),
      headers: { ...(body instanceof FormData ? {} : { "content-type": "application/json" }), ...headers },
    });
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
  return {
    get: (path) => send(path, {}),
    remove: (path) => send(path, { method: "DELETE" }),
    post,
    async start(type = "FULL_KYC") {
      const { status, body } = await post("/verify/start", { user_id: user, verification_type: type });
      if (status !== 200) throw new Error(`start was refused: ${JSON.stringify(body)}`);
      return body.verification_id;
    },
    ktp: (id, image, headers) =>
      post("/verify/ktp", { verification_id: id, ktp_image: base64(image) }, headers),
    selfie: (id, image, headers) =>
      post("/verify/selfie", { verification_id: id, selfie_image: base64(image) }, headers),
    frames(id, { challenge_id, nonce }, frames) {
      const form = new FormData();
      form.set("nonce", nonce);
      for (const { at, jpeg } of frames) {
        form.append("frames", new Blob([jpeg as Uint8Array<ArrayBuffer>]), "frame.jpg");
        form.append("captured_at", String(at));
      }
      return post(`/verify/${id}/liveness/${challenge_id}/frames`, form);
    },
  };
}

export const tokenFor = (user: string, ...scopes: string[]): Promise<string> =>
  signToken({ secret: SECRET, user, scopes, minutes: 10 });

/** An invented citizen whom the registry knows, with pictures. */
export interface Person extends SampleCitizen {
  readonly ktp: Uint8Array;
  readonly selfie: Uint8Array;
}

/** Draws people and, unless NOT_FOUND, enters them into the register of a data folder. */
export async function people(
  dataDir: string,
  seed: number,
  count: number,
  status: CitizenStatus | "NOT_FOUND" = "VALID",
): Promise<Person[]> {
  const drawn: Person[] = [];
  for (let i = 0; i < count; i++) {
    const citizen = await makeCitizen(seed, i);
    drawn.push({ ...citizen, ktp: await drawKtp(citizen), selfie: await drawSelfie(citizen) });
  }
  if (status !== "NOT_FOUND") {
    const { sealer } = openSealer(loadConfig({ DATA_DIR: dataDir }));
    await openRegister({ dir: dataDir, sealer }).add(drawn.map((person) => citizenOfCard(person, status)));
  }
  return drawn;
}

/** A whole service in this process, on a free port and a data folder of its own. */
export interface TestService {
  readonly url: string;
  readonly dataDir: string;
  readonly service: Service;
  client(user: string, ...scopes: string[]): Promise<Client>;
  close(): Promise<void>;
}

export async function startTestService(environment: Record<string, string> = {}): Promise<TestService> {
  const dataDir = environment.DATA_DIR ?? mkdtempSync(join(tmpdir(), "kyc-service-"));
  if (environment.DATABASE_URL === undefined) giveCluster(dataDir);
  const service = await createService(
    loadConfig({
      DATA_DIR: dataDir,
      HOST: "127.0.0.1",
      PORT: "0",
      SECRET_KEY: SECRET,
      LOG_LEVEL: "silent",
      RATE_LIMIT: "off",
      KYC_WORKERS: "1",
      ...environment,
    }),
  );
  const url = `http://127.0.0.1:${await service.listen()}`;
  return {
    url,
    dataDir,
    service,
    client: async (user, ...scopes) => clientOf(url, await tokenFor(user, ...scopes), user),
    async close() {
      await service.close();
      if (environment.DATA_DIR === undefined) rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
