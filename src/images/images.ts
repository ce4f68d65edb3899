import { randomBytes } from "node:crypto";
import { type EnvelopeSealer, HEADER_BYTES } from "../security/envelope.ts";
import type { Images } from "../verification/ports.ts";
import type { ObjectStore } from "./store.ts";

/** No photograph under this reference: never there, or removed. */
export class ImageMissingError extends Error {
  readonly reference: string;
  constructor(reference: string) {
    super(`There is no photograph under the reference ${reference}.`);
    this.name = "ImageMissingError";
    this.reference = reference;
  }
}

/** The store of photographs as the service keeps it. */
export interface SealedImages extends Images {
  /**
   * Wraps a photograph's data key by the active key; reads no more than its first bytes where it already is.
   * @returns whether there was something to do; null where there is no such photograph
   */
  rewrap(reference: string): Promise<boolean | null>;
  /** Whether a photograph can be stored now. Never throws. */
  healthy(): Promise<boolean>;
  close(): void;
}

/** The whole reference: nothing but what {@link sealedImages} itself gives out. */
const REFERENCE =
  /^[a-z0-9]{2}\/[A-Za-z0-9-]{1,36}-(?:ktp|selfie|portrait|signature|action)-[0-9a-f]{16}\.sealed$/;
const VERIFICATION_ID = /^[A-Za-z0-9-]{1,36}$/;

const contextOf = (reference: string) => `images:${reference}`;

/**
 * Photographs, sealed, one object each: `<2 hex digits>/<verification id>-<kind>-<random>.sealed`. A second photograph
 * of one step gets a name of its own, so that a reference already stored keeps meaning what it meant. References are
 * the same in every kind of store: objects can be copied from a folder to S3 and back.
 * @param intend  told of each reference before there is anything under it, so that what a process that dies leaves
 *                behind can be found
 */
export function sealedImages({
  store,
  sealer,
  intend = async () => undefined,
}: {
  store: ObjectStore;
  sealer: EnvelopeSealer;
  intend?: (reference: string) => Promise<void>;
}): SealedImages {
  const nameOf = (reference: string) => {
    if (!REFERENCE.test(reference)) throw new ImageMissingError(JSON.stringify(reference.slice(0, 100)));
    return reference;
  };

  return {
    async put(verificationId, kind, bytes) {
      if (!VERIFICATION_ID.test(verificationId)) throw new RangeError("The verification's id is none.");
      const random = randomBytes(8).toString("hex");
      const reference = `${random.slice(0, 2)}/${verificationId}-${kind}-${random}.sealed`;
      await intend(nameOf(reference));
      await store.write(reference, sealer.seal(bytes, contextOf(reference)));
      return reference;
    },

    async get(reference) {
      const sealed = await store.read(nameOf(reference));
      if (sealed === null) throw new ImageMissingError(reference);
      return sealer.open(sealed, contextOf(reference));
    },

    async remove(reference) {
      await store.remove(nameOf(reference));
    },

    async rewrap(reference) {
      const start = await store.readStart(nameOf(reference), HEADER_BYTES);
      if (start === null) return null;
      if (sealer.isCurrent(start)) return false;
      const sealed = await store.read(reference);
      if (sealed === null) return null;
      await store.write(reference, sealer.rewrap(sealed));
      return true;
    },

    healthy: () => store.healthy(),
    close: () => store.close(),
  };
}
