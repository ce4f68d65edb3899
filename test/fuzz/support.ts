import fc from "fast-check";
import sharp from "sharp";
import { Random } from "../../src/sample/random.ts";

/** Part of an OpenAPI document, as far as requests are made from it. */
export interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}
interface Operation {
  readonly parameters?: readonly { name: string; in: "path" | "query" | "header"; schema?: Schema }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { schema?: Schema }>> };
}
interface Schema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly format?: string;
}

/** One request as it is sent. */
export interface Fuzzed {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array<ArrayBuffer> | null;
}

/** Texts that have broken something somewhere: of other types, of other lengths, of other languages. */
const NASTY = [
  "",
  " ",
  "\u0000",
  "\ud800",
  "'; DROP TABLE kyc_verifications; --",
  "../../etc/passwd",
  `$\{jndi:ldap://x}`,
  "%00",
  "%",
  "__proto__",
  "constructor",
  "null",
  "NaN",
  "-1",
  "9".repeat(40),
  "a".repeat(5000),
  "🙂".repeat(40),
  "ﷺ",
  "{}",
  "[]",
  "data:image/jpeg;base64,",
  "data:text/html;base64,PGI+",
  "AAAA",
  "////",
  "2026-02-30T25:61:61Z",
  "<script>",
  "\r\nX: y",
];

const anyText = fc.oneof(
  fc.constantFrom(...NASTY),
  fc.string({ unit: "binary", maxLength: 60 }),
  fc.base64String(),
);
const wrong = fc.oneof(anyText, fc.jsonValue({ maxDepth: 3 }), fc.constant(undefined));

/** Mostly what a schema asks for, so that the request gets far; else anything. */
function oneOf(schema: Schema | undefined, known: readonly string[]): fc.Arbitrary<unknown> {
  const right = rightOf(schema, known);
  return fc.oneof({ weight: 4, arbitrary: right }, { weight: 1, arbitrary: wrong });
}

function rightOf(schema: Schema = {}, known: readonly string[]): fc.Arbitrary<unknown> {
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (schema.properties) return objectOf(schema, known);
  switch (schema.type) {
    case "integer":
      return fc.integer({ min: -5, max: 600 });
    case "boolean":
      return fc.boolean();
    case "array":
      return fc.array(fc.jsonValue(), { maxLength: 3 });
    default:
      if (schema.format === "date-time") return fc.constant(new Date().toISOString());
      return fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...known) }, { weight: 1, arbitrary: anyText });
  }
}

function objectOf({ properties = {} }: Schema, known: readonly string[]): fc.Arbitrary<object> {
  const members = Object.fromEntries(
    Object.entries(properties).map(([name, schema]) => [name, oneOf(schema, known)]),
  );
  return fc
    .tuple(
      fc.record(members, { requiredKeys: [] }),
      fc.dictionary(fc.string({ maxLength: 12 }), fc.jsonValue(), { maxKeys: 2 }),
    )
    .map(([right, more]) => ({ ...more, ...right }));
}

/** Null but for one time in `times`. */
const rarely = <T>(arbitrary: fc.Arbitrary<T>, times: number): fc.Arbitrary<T | null> =>
  fc.oneof({ weight: times - 1, arbitrary: fc.constant(null) }, { weight: 1, arbitrary });

const CONTENT_TYPES = [
  "application/json",
  "application/json; charset=utf-16",
  "multipart/form-data; boundary=x",
  "multipart/form-data",
  "text/plain",
  "application/x-www-form-urlencoded",
  "application/octet-stream",
];

/** A header's value that can be put on the wire at all. */
const headerText = (text: string) => text.replace(/[^\x20-\x7e]/g, "?").slice(0, 2000);

/**
 * Requests made from the service's own documentation: for each operation mostly right ones, with members of wrong types,
 * missing, too many; bodies cut off, of other media types; headers of all kinds.
 * @param known    ids that exist, so that requests come past the first look-up
 * @param tokens   of several rights
 */
export function requests(
  document: Document,
  known: readonly string[],
  tokens: readonly string[],
): fc.Arbitrary<Fuzzed> {
  const operations = Object.entries(document.paths).flatMap(([pattern, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      pattern,
      method: method.toUpperCase(),
      operation,
    })),
  );
  return fc.constantFrom(...operations).chain(({ pattern, method, operation }) => {
    const { parameters = [], requestBody } = operation;
    const query = parameters.filter((one) => one.in === "query");
    const json = requestBody?.content["application/json"]?.schema;
    return fc
      .record({
        path: fc.array(
          fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...known) }, { weight: 1, arbitrary: anyText }),
          { minLength: 2, maxLength: 2 },
        ),
        query: fc.record(Object.fromEntries(query.map(({ name, schema }) => [name, oneOf(schema, known)])), {
          requiredKeys: [],
        }),
        body: json ? objectOf(json, known) : fc.constant(null),
        cut: rarely(fc.nat(200), 8),
        contentType: fc.oneof(
          { weight: 6, arbitrary: fc.constant(CONTENT_TYPES[0]) },
          { weight: 1, arbitrary: fc.constantFrom(...CONTENT_TYPES) },
        ),
        token: fc.oneof(
          { weight: 8, arbitrary: fc.constantFrom(...tokens) },
          { weight: 1, arbitrary: anyText },
        ),
        key: rarely(anyText, 4),
        trace: rarely(anyText, 8),
        otherMethod: rarely(fc.constantFrom("PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "GET", "POST"), 12),
      })
      .map((given) => {
        let at = 0;
        const path = pattern.replace(/\{\w+\}/g, () => encoded(given.path[at++ % 2]));
        const search = new URLSearchParams(
          Object.entries(given.query).map(([name, value]): [string, string] => [name, String(value)]),
        ).toString();
        const chosen = given.otherMethod ?? method;
        const takesBody = given.body !== null && chosen !== "GET" && chosen !== "HEAD";
        const text = JSON.stringify(given.body);
        return {
          method: chosen,
          path: path + (search && `?${search}`),
          headers: {
            authorization: headerText(`Bearer ${given.token}`),
            ...(takesBody && { "content-type": given.contentType }),
            ...(given.key !== null && { "idempotency-key": headerText(given.key) }),
            ...(given.trace !== null && { traceparent: headerText(given.trace) }),
          },
          body: takesBody ? (given.cut === null ? text : text.slice(0, given.cut)) : null,
        };
      });
  });
}

function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

/** Pictures that mean harm: cut, flipped, lying about their size or format, bombs, noise. Number `i` is always the same. */
export async function hostileImage(i: number, good: Uint8Array): Promise<Buffer> {
  const random = new Random(i);
  const below = (most: number) => Math.floor(random.between(0, most));
  const bytes = Buffer.from(good);
  const noise = (length: number) => Buffer.from(Array.from({ length }, () => below(256)));
  const kind = i % 12;
  switch (kind) {
    case 0:
      return bytes.subarray(0, below(bytes.length));
    case 1:
      for (let n = 0; n < 1 + below(200); n++) bytes[below(bytes.length)] = below(256);
      return bytes;
    case 2: {
      // The frame header says another size: bytes 5 to 8 after its marker.
      const frame = bytes.indexOf(Buffer.from([0xff, 0xc0]));
      const at = frame < 0 ? bytes.indexOf(Buffer.from([0xff, 0xc2])) : frame;
      if (at > 0) bytes.fill(below(2) ? 0xff : 0, at + 5, at + 9);
      return bytes;
    }
    case 3:
      return noise(1 + below(5000));
    case 4:
      return Buffer.concat([bytes.subarray(0, 2 + below(20)), noise(below(5000))]);
    case 5: {
      // A bomb: a hundred megapixels that a few kilobytes stand for.
      const side = 8000 + below(4000);
      return sharp({
        create: { width: side, height: side, channels: 3, background: "#fff" },
        limitInputPixels: false,
      })
        .png({ compressionLevel: 9 })
        .toBuffer();
    }
    case 6:
      return sharp({
        create: { width: 1 + below(3), height: 1 + below(4000), channels: 4, background: "#0000" },
      })
        .webp()
        .toBuffer();
    case 7:
      return Buffer.from(
        `<svg xmlns="http://www.w3.org/2000/svg" width="9999" height="9999"><image href="file:///etc/passwd"/>${"<g>".repeat(below(3000))}</svg>`,
      );
    case 8: {
      // Orientation and metadata that lie, and a colour space of another kind.
      const made = sharp(good)
        .rotate()
        .toColourspace("cmyk")
        .withMetadata({ orientation: 1 + below(8) });
      return made.jpeg({ quality: 1 + below(100), progressive: below(2) === 1 }).toBuffer();
    }
    case 9:
      return sharp(noise(64 * 64 * 3), { raw: { width: 64, height: 64, channels: 3 } })
        .resize(300 + below(900))
        .jpeg()
        .toBuffer();
    case 10:
      return Buffer.concat([bytes, bytes, noise(100)]);
    default:
      return Buffer.concat([
        Buffer.from(
          ["GIF89a", "BM", "%PDF-1.7", "PK\u0003\u0004", "\u0000\u0000\u0000\u0020ftypheic"][below(5)],
          "latin1",
        ),
        noise(below(2000)),
      ]);
  }
}
