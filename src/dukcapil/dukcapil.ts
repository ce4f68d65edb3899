/** The civil registry's words for a NIK; PENDING and ERROR are ours: not asked successfully yet, and given up. */
export type DukcapilStatus = "VALID" | "BLOCKED" | "INVALID" | "DECEASED" | "NOT_FOUND" | "PENDING" | "ERROR";

/** What is asked: what the card says. */
export interface DukcapilQuery {
  /** 16 digits. */
  readonly nik: string;
  /** Not blank. */
  readonly name: string;
  readonly birthPlace?: string | null;
  /** YYYY-MM-DD. */
  readonly birthDate?: string | null;
  /** Street and number as on the card; asked about only by a registry that compares addresses. */
  readonly address?: string | null;
  /** `001/024`. */
  readonly rtRw?: string | null;
  /** The ministry's code of the village or of a region above it: `32.73.01.1001`, `32.73.01`, `32.73`, `32`. */
  readonly regionCode?: string | null;
}

/** The contract's DukcapilResult. */
export interface DukcapilResult {
  readonly nik: string;
  /** True only for a citizen who is alive, not blocked, and whose particulars agree. */
  readonly is_valid: boolean;
  readonly name: string | null;
  readonly birth_date: string | null;
  readonly gender: "LAKI-LAKI" | "PEREMPUAN" | null;
  readonly status: DukcapilStatus;
  /** 0..1: how well the registry's particulars agree with the card's; null where they could not be compared. */
  readonly match_score: number | null;
  readonly notes: string | null;
}

/** No verdict could be had: time-out, refused connection, 5xx, rubbish. To be tried again; never a "no". */
export class DukcapilUnavailableError extends Error {
  /** How long the registry asked to be left alone, in milliseconds; null where it said nothing. */
  readonly retryAfterMs: number | null;

  constructor(message: string, options?: ErrorOptions & { readonly retryAfterMs?: number | null }) {
    super(message, options);
    this.name = "DukcapilUnavailableError";
    this.retryAfterMs = options?.retryAfterMs ?? null;
  }
}

/**
 * The registry cannot take what was asked (a NIK that is not 16 digits, a blank name …): our fault, not a verdict on
 * the citizen. Asking the same again is of no use; whoever treats it as "no verdict" is right too, hence the parent.
 */
export class DukcapilQueryError extends DukcapilUnavailableError {
  /** The fields it objects to, by their names in {@link DukcapilQuery} where they have one; never their values. */
  readonly fields: readonly string[];

  constructor(fields: readonly string[]) {
    super(`the civil registry cannot take this query: ${fields.join(", ") || "no field named"}`);
    this.name = "DukcapilQueryError";
    this.fields = fields;
  }
}

/** The civil registry as the workflow knows it. */
export interface Dukcapil {
  /**
   * Asks for the registry's verdict. A negative verdict is an answer, not an error.
   * @throws {DukcapilUnavailableError} where no verdict could be had within the deadline and tries
   * @throws {DukcapilQueryError} where the query itself is at fault, so that trying again is of no use
   */
  verify(query: DukcapilQuery): Promise<DukcapilResult>;
  /** Whether it answers at all; for readiness. Never throws. */
  healthy(): Promise<boolean>;
  close(): Promise<void>;
}
