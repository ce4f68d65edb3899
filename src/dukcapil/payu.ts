import { CALL_POLICY, type CallObserver, type CallPolicy, createCaller } from "./caller.ts";
import {
  type Dukcapil,
  type DukcapilQuery,
  DukcapilQueryError,
  type DukcapilResult,
  type DukcapilStatus,
  DukcapilUnavailableError,
} from "./dukcapil.ts";
import { type Answer, exchange, type Fetch } from "./exchange.ts";
import { SAME_NAME_SCORE } from "./names.ts";
import { type Agreement, compareParticulars, matchScore } from "./particulars.ts";
import { refuseUnaskable } from "./query.ts";

export interface PayuDukcapilOptions {
  /** Where the API begins: `http://localhost:8091/api/v1`. */
  readonly url: string;
  /** What differs from {@link CALL_POLICY}. */
  readonly policy?: Partial<CallPolicy>;
  readonly observer?: CallObserver;
  readonly fetch?: Fetch;
  /** 0 ≤ x < 1, for the jitter between tries. */
  readonly random?: () => number;
}

/** The statuses that are verdicts, with the response code that must come with them. */
const VERDICT_CODES: Readonly<Partial<Record<DukcapilStatus, string>>> = {
  VALID: "00",
  DECEASED: "00",
  NOT_FOUND: "14",
  INVALID: "30",
  BLOCKED: "62",
};

/** HTTP statuses that may carry a verdict: a 400, 403 or 404 with one in its body is an answer, not an outage. */
const VERDICT_HTTP_STATUSES = new Set([200, 400, 403, 404]);

/** HTTP statuses that, without a verdict, say that our request is at fault. */
const QUERY_FAULT_HTTP_STATUSES = new Set([400, 422]);

/** The longest that a question after its health may take. */
const HEALTH_TIMEOUT_MS = 2_000;

const GENDERS: Readonly<Record<string, DukcapilResult["gender"]>> = {
  MALE: "LAKI-LAKI",
  FEMALE: "PEREMPUAN",
};

const NOTES: Readonly<Partial<Record<DukcapilStatus, string>>> = {
  DECEASED: "The civil registry lists this citizen as deceased",
  NOT_FOUND: "The civil registry does not know this NIK",
  INVALID: "The civil registry calls this NIK invalid",
  BLOCKED: "The civil registry has blocked this NIK",
};

/**
 * The registry behind the PayU Dukcapil API.
 *
 * A pass is `verified` together with `status: "VALID"`, for the NIK that was asked about; nothing else is. A name that
 * differs gives `is_valid: false` with status VALID (the NIK is good, the name is not its holder's), and `match_score`
 * and `notes` say how far off it was. A birth date that differs lowers `match_score` and is noted; it does not decide.
 */
export function payuDukcapil(options: PayuDukcapilOptions): Dukcapil {
  const { url, observer, random, fetch = globalThis.fetch } = options;
  const base = url.replace(/\/+$/, "");
  const caller = createCaller({ ...CALL_POLICY, ...options.policy }, observer, random);
  return {
    async verify(query) {
      refuseUnaskable(query);
      const request = {
        nik: query.nik,
        fullName: query.name,
        birthPlace: query.birthPlace ?? undefined,
        birthDate: query.birthDate ?? undefined,
      };
      return caller.call(async (signal) =>
        verdictOf(await exchange(fetch, "POST", `${base}/verify`, request, signal), query),
      );
    },
    async healthy() {
      try {
        const signal = AbortSignal.timeout(HEALTH_TIMEOUT_MS);
        const { httpStatus, body } = await exchange(fetch, "GET", `${base}/health`, undefined, signal);
        return httpStatus === 200 && body.status === "UP";
      } catch {
        return false;
      }
    },
    async close() {
      caller.close();
    },
  };
}

function verdictOf({ httpStatus, body }: Answer, query: DukcapilQuery): DukcapilResult {
  const status = body.status as DukcapilStatus;
  const code = VERDICT_CODES[status];
  if (code === undefined || body.responseCode !== code || !VERDICT_HTTP_STATUSES.has(httpStatus)) {
    if (QUERY_FAULT_HTTP_STATUSES.has(httpStatus) && body.responseCode === undefined) {
      throw new DukcapilQueryError(violatedFields(body));
    }
    throw new DukcapilUnavailableError(`the civil registry's answer holds no verdict (HTTP ${httpStatus})`);
  }
  // An answer about somebody else (a confused cache or proxy) must decide nothing.
  if (body.nik !== query.nik) {
    throw new DukcapilUnavailableError("the civil registry's answer is about another NIK");
  }
  const verified = body.verified === true && status === "VALID" && httpStatus === 200;
  const registry = {
    name: text(body.fullName),
    birthPlace: text(body.birthPlace),
    birthDate: text(body.birthDate),
  };
  const agreement = compareParticulars(query, registry);
  return {
    nik: query.nik,
    is_valid: verified,
    name: registry.name,
    birth_date: registry.birthDate,
    gender: GENDERS[text(body.gender) ?? ""] ?? null,
    status,
    match_score: matchScore(agreement),
    notes: NOTES[status] ?? noteOn(verified, agreement),
  };
}

function noteOn(verified: boolean, { name, birthDate }: Agreement): string | null {
  const notes: string[] = [];
  if (!verified) {
    notes.push("The name on the card is not the one that the civil registry holds for this NIK");
    if (name !== null) {
      const kind = name >= SAME_NAME_SCORE ? ", perhaps one name in two spellings" : "";
      notes.push(`name similarity ${name.toFixed(2)}${kind}`);
    }
  }
  if (birthDate !== null && birthDate < 1) notes.push("the birth date differs from the civil registry's");
  return notes.length > 0 ? notes.join("; ") : null;
}

/** `[{ field: "verifyNik.request.nik", message }]` → `["nik"]`, in our words; what is no plain name is left out. */
function violatedFields(body: Answer["body"]): string[] {
  const violations = Array.isArray(body.violations) ? body.violations : [];
  return violations
    .map(
      (violation) =>
        String((violation as { field?: unknown } | null)?.field ?? "")
          .split(".")
          .at(-1)!,
    )
    .filter((field) => /^[A-Za-z]{1,40}$/.test(field))
    .map((field) => (field === "fullName" ? "name" : field));
}

function text(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
