/** Authenticated encryption of small and large things alike, as the parts that store them see it. */
export interface Sealer {
  /**
   * @param context  what the bytes are and whose (e.g. `kyc_verifications.ktp_ocr_result:<id>`); bound as additional
   *                 data, so that a sealed value moved to another row or column does not open
   */
  seal(plain: Uint8Array, context: string): Uint8Array;
  /** @throws {SealBrokenError} where the bytes, the context or the key do not belong together */
  open(sealed: Uint8Array, context: string): Uint8Array;
}

/** A sealed value that does not open: altered, moved, or sealed with a key that is not here. */
export class SealBrokenError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "SealBrokenError";
  }
}
