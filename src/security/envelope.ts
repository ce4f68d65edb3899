import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes } from "node:crypto";
import { KEY_BYTES, KEY_ID_BYTES, type KeyRing } from "./keys.ts";
import { SealBrokenError, type Sealer } from "./sealer.ts";

/**
 * Envelope encryption. Every object has a data key of its own, used once; the data key is wrapped by a key-encryption
 * key (AES key wrap, RFC 3394 / NIST SP 800-38F: deterministic, so no nonce can ever repeat however many objects one
 * key wraps); the object is sealed by the data key (AES-256-GCM, NIST SP 800-38D).
 *
 * A sealed object, 70 bytes and the key's id longer than the plain one:
 *
 * | bytes | what                                                     |
 * |-------|----------------------------------------------------------|
 * | 1     | format, 1                                                |
 * | 1     | n, the length of the key id                              |
 * | n     | id of the key-encryption key, ASCII                      |
 * | 40    | the data key, wrapped                                    |
 * | 12    | nonce                                                    |
 * | …     | the object, encrypted                                    |
 * | 16    | tag over the format, the context and the object          |
 *
 * The key id is outside the tag, so that rotation wraps the data key anew without touching the object; the wrapping
 * has an integrity check of its own.
 */
const FORMAT = 1;
const WRAPPED_BYTES = KEY_BYTES + 8;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** RFC 3394, 2.2.3.1. */
const WRAP_IV = Buffer.alloc(8, 0xa6);

/** Of a sealed object, enough to tell which key wraps it: format, length of the id, and the longest id. */
export const HEADER_BYTES = 2 + KEY_ID_BYTES;

/** A sealer that can also move what is sealed to the active key. */
export interface EnvelopeSealer extends Sealer {
  /** Whether the active key wraps it. @param start  at least its first {@link HEADER_BYTES}, or all where it is shorter */
  isCurrent(start: Uint8Array): boolean;
  /**
   * The same object with its data key wrapped by the active key; the same bytes where it already is.
   * @throws {SealBrokenError} where the key is not here or the wrapping was altered
   */
  rewrap(sealed: Uint8Array): Uint8Array;
}

interface Parts {
  readonly keyId: string;
  readonly wrapped: Uint8Array;
  /** Nonce, object and tag. */
  readonly body: Uint8Array;
}

function parse(sealed: Uint8Array): Parts {
  const idBytes = sealed[1] ?? 0;
  const wrapAt = 2 + idBytes;
  const bodyAt = wrapAt + WRAPPED_BYTES;
  if (sealed[0] !== FORMAT || sealed.length < bodyAt + NONCE_BYTES + TAG_BYTES) {
    throw new SealBrokenError("This is not a sealed object.");
  }
  return {
    keyId: Buffer.from(sealed.subarray(2, wrapAt)).toString("latin1"),
    wrapped: sealed.subarray(wrapAt, bodyAt),
    body: sealed.subarray(bodyAt),
  };
}

/** Key-encryption keys by their id. Node takes several times as long over bytes as over a key object. */
type Keks = ReadonlyMap<string, KeyObject>;

function unwrap(keks: Keks, { keyId, wrapped }: Parts): Buffer {
  const kek = keks.get(keyId);
  // An altered id must not reach a log as it is.
  if (!kek) throw new SealBrokenError("The object is sealed under a key that is not in the key ring.");
  try {
    const cipher = createDecipheriv("aes256-wrap", kek, WRAP_IV);
    return Buffer.concat([cipher.update(wrapped), cipher.final()]);
  } catch (error) {
    throw new SealBrokenError(`The data key does not unwrap under key "${keyId}".`, { cause: error });
  }
}

function header(keys: KeyRing, keks: Keks, dataKey: Uint8Array): Buffer {
  const id = Buffer.from(keys.active.id, "latin1");
  const cipher = createCipheriv("aes256-wrap", keks.get(keys.active.id)!, WRAP_IV);
  return Buffer.concat([Buffer.from([FORMAT, id.length]), id, cipher.update(dataKey), cipher.final()]);
}

function authenticated(context: string): Buffer {
  return Buffer.concat([Buffer.from([FORMAT]), Buffer.from(context, "utf8")]);
}

/** Seals under the ring's active key, opens under any of its keys. */
export function envelopeSealer(keys: KeyRing): EnvelopeSealer {
  const keks: Keks = new Map([...keys.all].map(([id, { key }]) => [id, createSecretKey(key)]));
  return {
    seal(plain, context) {
      const dataKey = randomBytes(KEY_BYTES);
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv("aes-256-gcm", createSecretKey(dataKey), nonce).setAAD(
        authenticated(context),
      );
      const sealed = [
        header(keys, keks, dataKey),
        nonce,
        cipher.update(plain),
        cipher.final(),
        cipher.getAuthTag(),
      ];
      dataKey.fill(0);
      return Buffer.concat(sealed);
    },

    open(sealed, context) {
      const parts = parse(sealed);
      const dataKey = unwrap(keks, parts);
      const { body } = parts;
      const cipher = createDecipheriv(
        "aes-256-gcm",
        createSecretKey(dataKey),
        body.subarray(0, NONCE_BYTES),
        {
          authTagLength: TAG_BYTES,
        },
      )
        .setAAD(authenticated(context))
        .setAuthTag(body.subarray(body.length - TAG_BYTES));
      try {
        const plain = cipher.update(body.subarray(NONCE_BYTES, body.length - TAG_BYTES));
        cipher.final();
        return plain;
      } catch (error) {
        throw new SealBrokenError("A sealed object was altered, or belongs elsewhere.", { cause: error });
      } finally {
        dataKey.fill(0);
      }
    },

    isCurrent(start) {
      const id = Buffer.from(keys.active.id, "latin1");
      const named = start.subarray(2, 2 + id.length);
      return start[0] === FORMAT && start[1] === id.length && id.equals(named);
    },

    rewrap(sealed) {
      const parts = parse(sealed);
      if (parts.keyId === keys.active.id) return sealed;
      const dataKey = unwrap(keks, parts);
      const rewrapped = Buffer.concat([header(keys, keks, dataKey), parts.body]);
      dataKey.fill(0);
      return rewrapped;
    },
  };
}
