import { CALL_POLICY, type CallObserver, type CallPolicy, createCaller } from "./caller.ts";
import {
  type Dukcapil,
  type DukcapilQuery,
  type DukcapilResult,
  type DukcapilStatus,
  DukcapilUnavailableError,
} from "./dukcapil.ts";
import { type Answer, exchange, type Fetch } from "./exchange.ts";
import { matchScore } from "./particulars.ts";
import { refuseUnaskable } from "./query.ts";

export interface KemendagriDukcapilOptions {
  /** Where the service stands, without `/dukcapil/get_json`: `http://172.16.160.128:8000`. */
  readonly url: string;
  /** The institution's part of the path, as the ministry gave it out. */
  readonly institution: string;
  readonly userId: string;
  readonly password: string;
  /** The address that the ministry has on its list for this institution. */
  readonly ipUser: string;
  /** 0..100: from this similarity on the ministry says "Sesuai" of a text. Default {@link NAME_THRESHOLD}. */
  readonly threshold?: number;
  /** What differs from {@link CALL_POLICY}. */
  readonly policy?: Partial<CallPolicy>;
  readonly observer?: CallObserver;
  readonly fetch?: Fetch;
  /** 0 ≤ x < 1, for the jitter between tries. */
  readonly random?: () => number;
}

/** Percent. The value that institutions commonly send; below it the ministry calls a text different. */
export const NAME_THRESHOLD = 90;

/** The longest that a question after its health may take. */
const HEALTH_TIMEOUT_MS = 2_000;

interface Refusal {
  readonly status: DukcapilStatus;
  readonly notes: string;
  /** How the ministry's sentence begins; its ends vary. */
  readonly sentence: RegExp;
}

/** What the ministry says in place of field verdicts, by its RESPONSE_CODE; older installations send the sentence only. */
const REFUSALS: Readonly<Record<string, Refusal>> = {
  "11": {
    status: "DECEASED",
    notes: "The civil registry lists this citizen as deceased",
    sentence: /^data ditemukan\W+meninggal/i,
  },
  "12": {
    status: "BLOCKED",
    notes: "The civil registry holds several people under this NIK and has set it aside",
    sentence: /^data ditemukan\W+data ganda/i,
  },
  "14": {
    status: "BLOCKED",
    notes: "The civil registry has set this NIK inactive",
    sentence: /^data ditemukan\W+status (non|tidak)[ -]?aktif/i,
  },
  "15": {
    status: "INVALID",
    notes: "The civil registry calls this NIK invalid",
    sentence: /^data tidak ditemukan\W+nik tidak sesuai format/i,
  },
  "13": {
    status: "NOT_FOUND",
    notes: "The civil registry does not know this NIK",
    sentence: /^data tidak ditemukan(?!\W+nik tidak sesuai format)/i,
  },
};

/** One field's verdict: whether it agrees, and how similar it is where the ministry says so (0..1). */
interface FieldVerdict {
  readonly agrees: boolean;
  readonly similarity: number;
}

/**
 * The ministry's own web service, `nik_verifby_elemen`: one verdict a field, no particulars.
 *
 * A pass needs "Sesuai" for the NIK, for the name and, where a birth date is asked about, for that. Birth place,
 * address and region are told to the ministry and weigh in `match_score` (the place of birth) or not at all: people
 * move. An answer of any form that is not known here is no verdict.
 */
export function kemendagriDukcapil(options: KemendagriDukcapilOptions): Dukcapil {
  const { observer, random, threshold = NAME_THRESHOLD, fetch = globalThis.fetch } = options;
  const base = options.url.replace(/\/+$/, "");
  const address = `${base}/dukcapil/get_json/${encodeURIComponent(options.institution)}/nik_verifby_elemen`;
  const caller = createCaller({ ...CALL_POLICY, ...options.policy }, observer, random);
  return {
    async verify(query) {
      refuseUnaskable(query);
      const request = {
        USER_ID: options.userId,
        PASSWORD: options.password,
        IP_USER: options.ipUser,
        TRESHOLD: threshold,
        ...elementsOf(query),
      };
      return caller.call(async (signal) =>
        verdictOf(await exchange(fetch, "POST", address, request, signal), query, threshold),
      );
    },
    async healthy() {
      if (caller.breaker() === "open") return false;
      try {
        // It has no route for this: whatever answers at its address is there.
        const signal = AbortSignal.timeout(HEALTH_TIMEOUT_MS);
        const response = await fetch(base, { method: "HEAD", redirect: "manual", signal });
        return response.status < 500;
      } catch {
        return false;
      }
    },
    async close() {
      caller.close();
    },
  };
}

/** The card in the ministry's words; what is not known is left out. */
function elementsOf(query: DukcapilQuery): Record<string, string | number> {
  const [year, month, day] = query.birthDate?.split("-") ?? [];
  const [province, regency, district, village] = query.regionCode?.split(".") ?? [];
  const [rt, rw] = query.rtRw?.split("/") ?? [];
  const elements = {
    NIK: query.nik,
    NAMA_LGKP: query.name,
    TGL_LHR: query.birthDate ? `${day}-${month}-${year}` : undefined,
    TMPT_LHR: query.birthPlace ?? undefined,
    ALAMAT: query.address ?? undefined,
    NO_PROP: numberOf(province),
    NO_KAB: numberOf(regency),
    NO_KEC: numberOf(district),
    NO_KEL: numberOf(village),
    NO_RT: numberOf(rt),
    NO_RW: numberOf(rw),
  };
  return Object.fromEntries(
    Object.entries(elements).filter((entry): entry is [string, string | number] => entry[1] !== undefined),
  );
}

function numberOf(digits: string | undefined): number | undefined {
  return digits && /^\d+$/.test(digits) ? Number(digits) : undefined;
}

function verdictOf({ httpStatus, body }: Answer, query: DukcapilQuery, threshold: number): DukcapilResult {
  const content = Array.isArray(body.content) ? body.content : [];
  const fields = content[0] as Readonly<Record<string, unknown>> | null | undefined;
  if (httpStatus !== 200 || content.length !== 1 || typeof fields !== "object" || fields === null) {
    throw noVerdict(`HTTP ${httpStatus}`);
  }
  const refusal = refusalOf(fields);
  if (refusal) return resultOf(query, { status: refusal.status, notes: refusal.notes });

  const nik = String(fields.NIK) === query.nik ? AGREES : fieldVerdict(fields.NIK);
  const name = fieldVerdict(fields.NAMA_LGKP);
  const birthDate = query.birthDate ? fieldVerdict(fields.TGL_LHR) : undefined;
  const birthPlace = query.birthPlace ? fieldVerdict(fields.TMPT_LHR) : undefined;
  if (!nik || !name || birthDate === null) throw noVerdict("a field that was asked about has no verdict");
  if (name.agrees && name.similarity * 100 < threshold) {
    throw noVerdict("a name below the threshold is said to agree");
  }
  if (!nik.agrees) return resultOf(query, { status: "INVALID", notes: REFUSALS["15"]!.notes });

  const differing = [
    ...(name.agrees
      ? []
      : [`the name differs from the civil registry's (similarity ${name.similarity.toFixed(2)})`]),
    ...(birthDate && !birthDate.agrees ? ["the birth date differs from the civil registry's"] : []),
  ];
  return resultOf(query, {
    status: "VALID",
    is_valid: differing.length === 0,
    // The ministry tells no particulars: what is said back is what it called the same, letter for letter.
    name: name.agrees && name.similarity === 1 ? query.name : null,
    birth_date: birthDate?.agrees ? (query.birthDate ?? null) : null,
    match_score: matchScore({
      name: name.similarity,
      birthDate: birthDate?.similarity ?? null,
      birthPlace: birthPlace?.similarity ?? null,
    }),
    notes: differing.length > 0 ? sentenceOf(differing) : null,
  });
}

const AGREES: FieldVerdict = { agrees: true, similarity: 1 };

/** `Sesuai`, `Sesuai (97)`, `Tidak Sesuai`, `Tidak Sesuai (40)`; null for anything else. */
function fieldVerdict(value: unknown): FieldVerdict | null {
  const match = /^(tidak )?sesuai(?: ?\((\d{1,3})\))?$/i.exec(String(value).trim());
  if (!match) return null;
  const agrees = match[1] === undefined;
  const similarity = match[2] === undefined ? Number(agrees) : Number(match[2]) / 100;
  return similarity <= 1 ? { agrees, similarity } : null;
}

/**
 * @returns the refusal that stands in place of field verdicts; null where the answer holds none
 * @throws {DukcapilUnavailableError} for one that says nothing of the citizen: credentials, quota, and whatever is new
 */
function refusalOf(fields: Readonly<Record<string, unknown>>): Refusal | null {
  const code = fields.RESPONSE_CODE;
  const sentence = fields.RESPON ?? fields.RESPONSE_DESC;
  if (code === undefined && sentence === undefined) return null;
  const refusal = Object.entries(REFUSALS).find(
    ([known, { sentence: pattern }]) =>
      (code === undefined || String(code) === known) &&
      (sentence === undefined || pattern.test(String(sentence).trim())),
  )?.[1];
  if (!refusal) throw noVerdict("it refuses for a reason that is not the citizen's");
  return refusal;
}

function resultOf(
  query: DukcapilQuery,
  verdict: Partial<DukcapilResult> & Pick<DukcapilResult, "status">,
): DukcapilResult {
  return {
    nik: query.nik,
    is_valid: false,
    name: null,
    birth_date: null,
    gender: null,
    match_score: null,
    notes: null,
    ...verdict,
  };
}

function sentenceOf(parts: readonly string[]): string {
  const text = parts.join("; ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function noVerdict(why: string): DukcapilUnavailableError {
  return new DukcapilUnavailableError(`the ministry's answer holds no verdict (${why})`);
}
