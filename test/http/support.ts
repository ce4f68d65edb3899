import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { type AppParts, createApp } from "../../src/http/app.ts";
import { createAuthenticator, signToken } from "../../src/http/auth.ts";
import { createLog } from "../../src/observability/log.ts";
import { createMetrics } from "../../src/observability/metrics.ts";
import { type ErrorCode, KycError } from "../../src/verification/errors.ts";
import { StoredJson } from "../../src/verification/stored-json.ts";
import type { Caller, KycService, VerificationView } from "../../src/verification/verification.ts";
import { readingOf } from "../support/storage.ts";

/** 32 bytes and more, as the service asks for. */
export const SECRET = "a secret of these tests, and of nothing else";
export const MIB = 1024 * 1024;
/** Small, so that a test of the limit moves little. */
export const MAX_IMAGE = 64 * 1024;
export const BASE = "/api/v1/kyc";
/** A citizen of the PayU simulator. */
export const NIK = "3201234567890001";

/** The start of any JPEG file; the seam's service looks no further. */
export const jpeg = (length = 600) => {
  const bytes = new Uint8Array(length).map((_, i) => (i * 31) % 256);
  bytes.set([0xff, 0xd8, 0xff, 0xe0]);
  return bytes;
};

/** What the service at the seam saw. */
interface Seen {
  readonly what: string;
  readonly caller: Caller;
  readonly image?: Uint8Array;
}

/** What no test of this file should come to use. */
const unused = () => Promise.reject(new Error("not expected here"));

/**
 * A KycService that keeps verifications in memory and takes any JPEG. Some images make it behave:
 * `REFUSE` is a bad photograph, `BUSY` a full queue, `CRASH` a bug, `SLOW` waits for `release`.
 */
export function memoryKyc() {
  const rows = new Map<string, VerificationView>();
  const seen: Seen[] = [];
  let release = () => {};
  let begun = () => {};
  const slow = {
    /** Resolves when a slow upload has reached the service. */
    begun: new Promise<void>((resolve) => {
      begun = resolve;
    }),
    release: () => release(),
  };
  const wait = new Promise<void>((resolve) => {
    release = resolve;
  });

  const find = (caller: Caller, id: string, scopes: readonly string[]): VerificationView => {
    const row = rows.get(id);
    if (row === undefined) throw new KycError("KYC_VAL_003", 404, "There is no such verification.");
    if (caller.subject !== row.user_id && !scopes.some((scope) => caller.scopes.has(scope))) {
      throw new KycError("KYC_AUTH_003", 403, "This verification belongs to another user.");
    }
    return row;
  };
  const take = async (
    caller: Caller,
    id: string,
    image: Uint8Array,
    code: ErrorCode,
  ): Promise<VerificationView> => {
    const row = find(caller, id, ["kyc:service"]);
    const text = Buffer.from(image.subarray(0, 6)).toString("latin1");
    if (text === "REFUSE") {
      throw new KycError(code, 400, "The photograph is blurred.", { hints: ["blurred"], attemptsLeft: 2 });
    }
    if (text.startsWith("BUSY")) throw new KycError("KYC_SYS_002", 503, "Busy.", { retryAfter: 6.2 });
    if (text.startsWith("CRASH")) throw new Error(`a bug with ${NIK} in hand`);
    if (text.startsWith("SLOW")) {
      begun();
      await wait;
    } else if (image[0] !== 0xff || image[1] !== 0xd8) {
      throw new KycError(code, 415, "The file is not a JPEG, PNG or WebP image.");
    }
    return row;
  };

  const kyc: KycService = {
    async start(caller, { userId, type }) {
      seen.push({ what: `start ${type}`, caller });
      if (caller.subject !== userId && !caller.scopes.has("kyc:service")) {
        throw new KycError("KYC_AUTH_003", 403, "This is another user.");
      }
      const row: VerificationView = {
        verification_id: randomUUID(),
        user_id: userId,
        verification_type: type,
        status: "PENDING",
        consent: null,
        ktp_ocr_result: null,
        liveness_result: null,
        face_match_result: null,
        dukcapil_result: null,
        rejection_reason: null,
        rejection_reasons: [],
        note: null,
        created_at: new Date(Date.UTC(2026, 0, 1) + rows.size * 1000).toISOString(),
        completed_at: null,
      };
      rows.set(row.verification_id, row);
      return { verification_id: row.verification_id, status: "PENDING", message: "Please upload KTP image" };
    },
    async submitKtp(caller, id, image) {
      seen.push({ what: "ktp", caller, image });
      const row = await take(caller, id, image, "KYC_VAL_001");
      const ocr_result = readingOf(NIK, "JOHN DOE");
      const kept = new StoredJson<typeof ocr_result>(JSON.stringify(ocr_result));
      rows.set(id, { ...row, status: "PROCESSING", ktp_ocr_result: kept });
      return {
        verification_id: id,
        status: "PROCESSING",
        ocr_result,
        next_step: "Please upload selfie image",
      };
    },
    async submitSelfie(caller, id, image) {
      if (image === null) throw new KycError("KYC_VAL_002", 400, "selfie_image is missing.");
      seen.push({ what: "selfie", caller, image });
      const row = await take(caller, id, image, "KYC_VAL_002");
      if (row.status === "PENDING") {
        throw new KycError("KYC_VAL_002", 409, "Upload the KTP image first.", {
          extra: { verification_status: row.status },
        });
      }
      rows.set(id, { ...row, status: "VERIFIED" });
      return {
        verification_id: id,
        status: "VERIFIED",
        liveness_result: null,
        face_match_result: null,
        dukcapil_result: null,
      };
    },
    async challenge(caller, id) {
      find(caller, id, ["kyc:service"]);
      return {
        verification_id: id,
        challenge_id: randomUUID(),
        nonce: "nonce",
        actions: ["blink", "turn_left"],
        expires_at: new Date(Date.UTC(2026, 0, 1)).toISOString(),
      };
    },
    async submitFrames(caller, id, challengeId, { frames }) {
      find(caller, id, ["kyc:service"]);
      seen.push({ what: `frames ${frames.map(({ at }) => at).join()}`, caller, image: frames[0].bytes });
      return {
        verification_id: id,
        challenge_id: challengeId,
        passed: true,
        actions: [],
        checks: [],
        others: [],
        frames: frames.length,
        next_step: "Please upload selfie image",
      };
    },
    relink: async (caller, id) => find(caller, id, ["kyc:service"]).user_id,
    async status(caller, id) {
      if (id === "crash") throw new Error("a bug");
      return find(caller, id, ["kyc:service", "kyc:review"]);
    },
    async history(caller, userId, limit, cursor) {
      if (
        caller.subject !== userId &&
        !caller.scopes.has("kyc:service") &&
        !caller.scopes.has("kyc:review")
      ) {
        throw new KycError("KYC_AUTH_003", 403, "This is another user.");
      }
      const all = [...rows.values()].filter((row) => row.user_id === userId).reverse();
      const from = cursor === undefined ? 0 : Number(Buffer.from(cursor, "base64url").toString());
      if (!Number.isInteger(from)) throw new RangeError("not a cursor");
      const more = from + limit < all.length;
      return {
        items: all.slice(from, from + limit),
        next: more ? Buffer.from(String(from + limit)).toString("base64url") : null,
      };
    },
    accept: unused,
    upload: unused,
    judgeUpload: unused,
    tendUploads: unused,
    sweep: unused,
    ownerOf: async (id) => rows.get(id)?.user_id ?? null,
    resumeDue: async () => 0,
  };
  return { kyc, seen, slow };
}

/** An app that listens on a port of its own; closed with the test. */
export async function serve(
  t: { after(work: () => Promise<unknown>): void },
  parts: Partial<Omit<AppParts, "limits">> & { readonly limits?: Partial<AppParts["limits"]> } = {},
) {
  const memory = memoryKyc();
  const lines: string[] = [];
  const app = createApp({
    kyc: memory.kyc,
    auth: createAuthenticator({ secret: SECRET, oidc: null, required: true }),
    idempotency: { begin: unused, finish: unused, abandon: unused },
    events: { list: unused },
    audit: { record: async () => undefined },
    custody: { closeAccount: unused, eraseUser: unused },
    review: { queue: unused, open: unused, reveal: unused, decide: unused, statistics: unused },
    capture: {
      create: unused,
      open: unused,
      holderOf: async () => null,
      consent: unused,
      note: unused,
      purge: unused,
    },
    clock: { now: () => new Date() },
    log: createLog({ level: "info", format: "json", to: { write: (line) => void lines.push(line) } }),
    metrics: createMetrics(),
    readiness: {},
    version: "1.2.3",
    ...parts,
    limits: { maxUploadBytes: MAX_IMAGE, rateLimit: null, ...parts.limits },
  });
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  t.after(() => app.stop(0));
  const client = {
    url,
    get: (path: string, headers: Record<string, string> = {}) => fetch(url + path, { headers }),
    postJson: (path: string, body: unknown, headers: Record<string, string> = {}) =>
      fetch(url + path, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: typeof body === "string" ? body : JSON.stringify(body),
      }),
    postForm: (
      path: string,
      members: Record<string, string | Uint8Array>,
      headers: Record<string, string> = {},
    ) => fetch(url + path, { method: "POST", headers, body: form(members) }),
  };
  return { app, ...memory, ...client, lines, log: () => lines.map((line) => JSON.parse(line)) };
}

export function form(members: Record<string, string | Uint8Array>): FormData {
  const data = new FormData();
  for (const [name, value] of Object.entries(members)) {
    if (typeof value === "string") data.set(name, value);
    else data.set(name, new Blob([value as Uint8Array<ArrayBuffer>]), `${name}.jpg`);
  }
  return data;
}

export const bodyOf = async <T>(response: Response) => (await response.json()) as T;

/** Starts a verification. @returns its id */
export async function begin(
  {
    postJson,
  }: { postJson: (path: string, body: unknown, headers: Record<string, string>) => Promise<Response> },
  headers: Record<string, string>,
  user = "u",
): Promise<string> {
  const response = await postJson(`${BASE}/verify/start`, { user_id: user }, headers);
  assert.equal(response.status, 200);
  return (await bodyOf<{ verification_id: string }>(response)).verification_id;
}

export const tokenFor = (user: string, ...scopes: string[]) =>
  signToken({ secret: SECRET, user, scopes, minutes: 5 });

export const bearer = async (user: string, ...scopes: string[]) => ({
  authorization: `Bearer ${await tokenFor(user, ...scopes)}`,
});

export const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");

/** Holds an error against the contract: media type, members, code. @returns the problem */
export async function assertProblem(
  response: Response,
  status: number,
  code: ErrorCode,
): Promise<Record<string, unknown> & { detail: string }> {
  const text = await response.text();
  assert.equal(response.status, status, text);
  assert.match(response.headers.get("content-type") ?? "", /^application\/problem\+json/);
  const problem = JSON.parse(text);
  assert.equal(problem.error_code, code, text);
  assert.equal(problem.status, status);
  for (const member of ["type", "title", "detail"])
    assert.ok(problem[member]?.length > 3, `${member}: ${text}`);
  assert.match(problem.timestamp, /^20\d\d-\d\d-\d\dT[\d:.]+Z$/);
  assert.equal(problem.request_id, response.headers.get("x-request-id"));
  return problem;
}
