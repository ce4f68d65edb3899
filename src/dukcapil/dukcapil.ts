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
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "DukcapilUnavailableError";
  }
}

/** The civil registry as the workflow knows it. */
export interface Dukcapil {
  /**
   * Asks for the registry's verdict. A negative verdict is an answer, not an error.
   * @throws {DukcapilUnavailableError} where no verdict could be had within the deadline and tries
   */
  verify(query: DukcapilQuery): Promise<DukcapilResult>;
  /** Whether it answers at all; for readiness. Never throws. */
  healthy(): Promise<boolean>;
  close(): Promise<void>;
}
