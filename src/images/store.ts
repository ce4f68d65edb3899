/** Where sealed objects lie. Names come from {@link sealedImages} alone and hold no personal data. */
export interface ObjectStore {
  /** All of the object or none of it, and safe from a crash when it returns. Replaces what has the name. */
  write(name: string, bytes: Uint8Array): Promise<void>;
  /** @returns null where there is none */
  read(name: string): Promise<Uint8Array | null>;
  /** Its first bytes, at most `length`. @returns null where there is none */
  readStart(name: string, length: number): Promise<Uint8Array | null>;
  /** Does nothing where there is none. */
  remove(name: string): Promise<void>;
  /** Whether an object can be written now. Never throws. */
  healthy(): Promise<boolean>;
  close(): void;
}
