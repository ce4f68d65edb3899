import type { S3ServiceException } from "@aws-sdk/client-s3";
import type { ObjectStore } from "./store.ts";

export interface S3Options {
  readonly bucket: string;
  /** Before every object's name: empty, or ends with a slash. */
  readonly prefix: string;
  readonly region: string;
  /** Null: Amazon's own of the region. */
  readonly endpoint: string | null;
  /** `endpoint/bucket/name` in place of `bucket.endpoint/name`: what servers other than Amazon's need. */
  readonly pathStyle: boolean;
  /** Null: the SDK finds them (role of the pod or machine). */
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  } | null;
}

/** Milliseconds. An upload waits no longer for its photograph to be stored than the gateway waits for the upload. */
const CONNECT_TIMEOUT = 3_000;
const REQUEST_TIMEOUT = 10_000;
/** Of one call: what S3 refuses with 500, 503 or a cut connection is tried again by the SDK, with growing pauses. */
const ATTEMPTS = 3;
/** Written over and over, to know whether writing works. */
const PROBE = "probe";
/** Milliseconds that a good answer is believed, unless a write fails: each probe is a request that is paid for. */
const PROBE_EVERY = 30_000;

/** Not a bucket that is missing: that is a fault of the settings, not an object that was removed. */
const isMissing = (error: unknown) => (error as S3ServiceException)?.name === "NoSuchKey";

/** Objects in a bucket. The SDK is loaded here, so that a service on a folder does not hold its memory. */
export async function s3Store(options: S3Options): Promise<ObjectStore> {
  const { DeleteObjectCommand, GetObjectCommand, PutObjectCommand, S3Client } = await import(
    "@aws-sdk/client-s3"
  );
  const { bucket: Bucket, prefix, region, endpoint, pathStyle, credentials } = options;
  const client = new S3Client({
    region,
    forcePathStyle: pathStyle,
    maxAttempts: ATTEMPTS,
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT,
      requestTimeout: REQUEST_TIMEOUT,
      throwOnRequestTimeout: true,
    },
    // Servers other than Amazon's know no trailing checksums; a sealed object has its own tag.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    ...(endpoint !== null && { endpoint }),
    ...(credentials !== null && { credentials }),
  });
  let probedAt = Number.NEGATIVE_INFINITY;

  const get = async (name: string, range?: string): Promise<Uint8Array | null> => {
    try {
      const { Body } = await client.send(
        new GetObjectCommand({ Bucket, Key: prefix + name, ...(range && { Range: range }) }),
      );
      return (await Body?.transformToByteArray()) ?? null;
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
  };
  const put = async (name: string, bytes: Uint8Array): Promise<void> => {
    try {
      await client.send(new PutObjectCommand({ Bucket, Key: prefix + name, Body: bytes }));
    } catch (error) {
      probedAt = Number.NEGATIVE_INFINITY;
      throw error;
    }
  };

  return {
    write: put,
    read: (name) => get(name),
    readStart: (name, length) => get(name, `bytes=0-${length - 1}`),
    async remove(name) {
      await client.send(new DeleteObjectCommand({ Bucket, Key: prefix + name }));
    },
    async healthy() {
      if (performance.now() - probedAt < PROBE_EVERY) return true;
      try {
        await put(PROBE, Buffer.from(PROBE));
        probedAt = performance.now();
        return true;
      } catch {
        return false;
      }
    },
    close: () => client.destroy(),
  };
}
