import type { BusboyFileStream } from "@fastify/busboy";
import type { FastifyRequest } from "fastify";
import { KycError } from "../verification/errors.ts";
import { COMMON_CODES } from "./problem.ts";
import { refuseFields } from "./validation.ts";

/** A multipart form as an object: text fields as strings, the file part as its bytes. */
export type Form = Record<string, string | Uint8Array>;

/** Base64 is a third longer than what it stands for. */
const BASE64_GROWTH = 4 / 3;
/** For the other members of a body, part headers, and line breaks within base64. */
const BODY_SLACK_BYTES = 1024 * 1024;

/** How long a body may be that carries an image of at most `imageBytes`, in bytes. */
export const bodyLimitFor = (imageBytes: number) => Math.ceil(imageBytes * BASE64_GROWTH) + BODY_SLACK_BYTES;

/** What a form may hold beside its one file; more than any route takes. */
export const FORM_LIMITS = {
  files: 1,
  fields: 10,
  parts: 12,
  fieldSize: 4096,
  fieldNameSize: 100,
  headerPairs: 20,
};

const codesOf = (request: FastifyRequest) => request.routeOptions.config.codes ?? COMMON_CODES;

export function tooLarge(request: FastifyRequest, imageBytes: number): KycError {
  const mebibytes = Number((imageBytes / 1024 / 1024).toFixed(2));
  return new KycError(
    codesOf(request).refusal,
    413,
    `The image is too large. Send one of at most ${mebibytes} MiB.`,
    { hints: ["too_many_bytes"], extra: { max_image_bytes: imageBytes } },
  );
}

/**
 * Reads a multipart form whole.
 * @param imageBytes  the most that a file may hold
 * @throws KycError 413 for a larger file; 400 for a form that is cut off, malformed, or names a member twice
 */
export async function readForm(request: FastifyRequest, imageBytes: number): Promise<Form> {
  const form: Form = Object.create(null);
  const { refusal } = codesOf(request);
  try {
    for await (const part of request.parts({ limits: { ...FORM_LIMITS, fileSize: imageBytes } })) {
      if (part.fieldname in form) {
        throw refuseFields(refusal, [{ field: part.fieldname, message: "must be sent once." }]);
      }
      if (part.type === "file") {
        form[part.fieldname] = await Promise.race([part.toBuffer(), limitOf(part.file)]);
      } else if (part.valueTruncated) {
        throw refuseFields(refusal, [
          {
            field: part.fieldname,
            message: "is too long for a text field. Send an image as a file part, with a filename.",
          },
        ]);
      } else {
        form[part.fieldname] = String(part.value);
      }
    }
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === FILE_TOO_LARGE) throw tooLarge(request, imageBytes);
    if (error instanceof KycError || code?.startsWith("FST_")) throw error;
    throw new KycError(refusal, 400, "The form is malformed or cut off. Send it again.", { cause: error });
  }
  return form;
}

/** The frames of a liveness challenge as they were sent. */
export interface FramesForm {
  readonly nonce: string;
  readonly frames: readonly Uint8Array[];
  /** As many as frames, in milliseconds. */
  readonly captured_at: readonly number[];
}

/** The most that one frame may hold, in bytes: one of 1280 × 720 has a tenth of it. */
const FRAME_BYTES = 1024 * 1024;
/** A number in decimal digits, as a phone's clock tells it. */
const TIME = /^\d{1,15}(?:\.\d{1,6})?$/;

/**
 * Reads the form of a liveness challenge: `nonce` once, and for each frame a file part `frames` and a text part
 * `captured_at`, both in the order in which the frames were taken.
 * @throws KycError 413 for a frame that is too large; 400 for a form that is cut off or has other parts than these
 */
export async function readFrames(
  request: FastifyRequest,
  { least, most }: { readonly least: number; readonly most: number },
): Promise<FramesForm> {
  const { refusal } = codesOf(request);
  const refuse = (field: string, message: string) => refuseFields(refusal, [{ field, message }]);
  const frames: Uint8Array[] = [];
  const times: number[] = [];
  const nonces: string[] = [];
  const limits = {
    ...FORM_LIMITS,
    files: most,
    fields: most + 1,
    parts: 2 * most + 1,
    fileSize: FRAME_BYTES,
  };
  try {
    for await (const part of request.parts({ limits })) {
      if (part.type === "file") {
        if (part.fieldname !== "frames")
          throw refuse(part.fieldname, "is no part of this form. Send frames.");
        frames.push(await Promise.race([part.toBuffer(), limitOf(part.file)]));
      } else if (part.fieldname === "captured_at") {
        if (!TIME.test(String(part.value))) throw refuse("captured_at", "must be a number of milliseconds.");
        times.push(Number(part.value));
      } else if (part.fieldname === "nonce") {
        nonces.push(String(part.value));
      }
    }
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === FILE_TOO_LARGE) throw tooLarge(request, FRAME_BYTES);
    if (code === "FST_FILES_LIMIT" || code === "FST_PARTS_LIMIT" || code === "FST_FIELDS_LIMIT")
      throw refuse("frames", `must be ${least} to ${most}.`);
    if (error instanceof KycError || code?.startsWith("FST_")) throw error;
    throw new KycError(refusal, 400, "The form is malformed or cut off. Send it again.", { cause: error });
  }
  if (nonces.length !== 1) throw refuse("nonce", "must be sent once.");
  if (frames.length < least || frames.length > most) throw refuse("frames", `must be ${least} to ${most}.`);
  if (times.length !== frames.length) throw refuse("captured_at", "must be sent once for each frame.");
  return { nonce: nonces[0], frames, captured_at: times };
}

/** Rejects as soon as a file is too large: what is left of it may take long to come. */
function limitOf(file: BusboyFileStream): Promise<never> {
  return new Promise((_, reject) => {
    const refuse = () => reject(Object.assign(new Error("too large"), { code: FILE_TOO_LARGE }));
    if (file.truncated) refuse();
    else file.once("limit", refuse);
  });
}

/** @fastify/multipart's own code. */
const FILE_TOO_LARGE = "FST_REQ_FILE_TOO_LARGE";

/** `data:image/jpeg;base64,` */
const DATA_URL = /^data:[^,]{0,200};base64,/i;

/**
 * The bytes of an image member: those of a file part as they are, a JSON string's decoded.
 * @param value  base64, plain or URL-safe, with or without padding and line breaks, or a base64 `data:` URL
 * @throws KycError 400 for anything else, 413 where it is more than `imageBytes`
 */
export function imageBytesOf(
  request: FastifyRequest,
  field: string,
  value: string | Uint8Array,
  imageBytes: number,
): Uint8Array {
  const refuse = (message: string, hint: "empty" | "not_base64") =>
    refuseFields(codesOf(request).refusal, [{ field, message }], { hints: [hint] });
  if (typeof value !== "string") {
    if (value.length === 0)
      throw refuse("is empty. Send the bytes of a JPEG, PNG or WebP photograph.", "empty");
    return value;
  }
  if (request.isMultipart()) {
    throw refuseFields(codesOf(request).refusal, [
      { field, message: "must be a file part: send it with a filename." },
    ]);
  }
  const bytes = decodeBase64(value.replace(DATA_URL, ""));
  if (bytes === null)
    throw refuse("is not base64. Send the image as base64, or as a data: URL with ;base64.", "not_base64");
  if (bytes.length === 0) throw refuse("is empty. Send a JPEG, PNG or WebP photograph as base64.", "empty");
  if (bytes.length > imageBytes) throw tooLarge(request, imageBytes);
  return bytes;
}

/**
 * Strict base64 (RFC 4648, both alphabets, padding optional, white space ignored).
 * @returns null where the text holds anything else
 */
export function decodeBase64(text: string): Buffer | null {
  // Node's decoder is lenient: it leaves out what it does not know, and so gives fewer bytes than the length promises.
  // Comparing the two is strict, and many times faster than a regular expression over 14 MB.
  const bytes = Buffer.from(text, "base64");
  if (bytes.length === promisedLength(text)) return bytes;
  const dense = text.replace(/\s+/g, "");
  return dense.length < text.length && bytes.length === promisedLength(dense) ? bytes : null;
}

/** How many bytes so much base64 stands for; −1 where no base64 has such a length or padding. */
function promisedLength(text: string): number {
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const characters = text.length - padding;
  if (characters % 4 === 1 || (padding > 0 && text.length % 4 !== 0)) return -1;
  return Math.floor((characters * 3) / 4);
}
