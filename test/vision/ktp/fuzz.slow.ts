import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import sharp from "sharp";
import { Random } from "../../../src/sample/random.ts";
import {
  drawKtp,
  drawNotAKtp,
  type Level,
  makeCitizen,
  NOT_A_KTP_KINDS,
} from "../../../src/sample/sample.ts";
import { KTP_FIELDS, type KtpReport } from "../../../src/vision/facts.ts";
import { HINTS } from "../../../src/vision/hints.ts";
import { ImageRefusedError } from "../../../src/vision/image.ts";
import { lookAtKtp, networksFor } from "../../../src/vision/look.ts";
import type { Models } from "../../../src/vision/models/models.ts";
import { openModels } from "../../../src/vision/models/open.ts";
import { bomb } from "../../support/pictures.ts";
import { sharedCache } from "../models/support.ts";

/** Pictures that are tried, and the seed: `FUZZ_IMAGES=5000 FUZZ_SEED=2 npm run test:fuzz:images`. */
const IMAGES = Number(process.env.FUZZ_IMAGES ?? 400);
const SEED = Number(process.env.FUZZ_SEED ?? 1);
/** Milliseconds after which a reading hangs: some seconds at most on a busy machine, see the benchmark. */
const HANG = 120_000;
/** Cards and other pictures that are distorted. */
const ORIGINALS = 12;

let models: Models;
let originals: Uint8Array[];
before(async () => {
  const names = networksFor(false);
  models = await openModels({ cacheDir: await sharedCache(), threads: 2, names });
  originals = [];
  for (let i = 0; i < ORIGINALS; i++) {
    const level = (i % 4) as Level;
    originals.push(
      i % 3 === 2
        ? await drawNotAKtp(SEED + i, NOT_A_KTP_KINDS[i % NOT_A_KTP_KINDS.length])
        : await drawKtp(await makeCitizen(SEED, i), { level }),
    );
  }
});
after(() => models.close());

/** Ways to spoil a picture's bytes or pixels. */
const SPOIL: Readonly<
  Record<string, (bytes: Uint8Array, random: Random) => Promise<Uint8Array> | Uint8Array>
> = {
  truncated: (bytes, random) => bytes.subarray(0, random.whole(0, bytes.length)),
  "bytes changed": (bytes, random) => {
    const copy = Uint8Array.from(bytes);
    for (let i = random.whole(1, 60); i > 0; i--)
      copy[random.whole(0, copy.length - 1)] = random.whole(0, 255);
    return copy;
  },
  "header changed": (bytes, random) => {
    const copy = Uint8Array.from(bytes);
    for (let i = random.whole(1, 8); i > 0; i--) copy[random.whole(2, 700)] = random.whole(0, 255);
    return copy;
  },
  "random bytes": (_bytes, random) => {
    const head = random.pick(["\xff\xd8\xff\xe0", "\x89PNG\r\n\x1a\n", "RIFF\x10\x00\x00\x00WEBPVP8 ", ""]);
    const tail = Buffer.from(Array.from({ length: random.whole(0, 4000) }, () => random.whole(0, 255)));
    return Buffer.concat([Buffer.from(head, "latin1"), tail]);
  },
  "a bomb": (_bytes, random) => bomb(random.whole(1, 40_000), random.whole(1, 40_000)),
  noise: (_bytes, random) => {
    const [width, height] = [random.whole(160, 500), random.whole(160, 500)];
    const data = Buffer.from(Array.from({ length: width * height * 3 }, () => random.whole(0, 255)));
    return sharp(data, { raw: { width, height, channels: 3 } })
      .jpeg()
      .toBuffer();
  },
  "one colour": (_bytes, random) => {
    const background = { r: random.whole(0, 255), g: random.whole(0, 255), b: random.whole(0, 255) };
    return sharp({
      create: { width: random.whole(160, 3000), height: random.whole(160, 900), channels: 3, background },
    })
      .png()
      .toBuffer();
  },
  stretched: (bytes, random) =>
    sharp(bytes)
      .resize(random.whole(160, 1500), random.whole(160, 1500), { fit: "fill" })
      .jpeg({ quality: random.whole(1, 90) })
      .toBuffer(),
  turned: (bytes, random) =>
    sharp(bytes).rotate(random.whole(0, 359), { background: "#777" }).webp({ quality: 60 }).toBuffer(),
  "cut out": async (bytes, random) => {
    const { width, height } = await sharp(bytes).metadata();
    const [w, h] = [random.whole(160, width), random.whole(160, height)];
    const place = { left: random.whole(0, width - w), top: random.whole(0, height - h), width: w, height: h };
    return sharp(bytes).extract(place).jpeg().toBuffer();
  },
  blurred: (bytes, random) => sharp(bytes).blur(random.between(1, 30)).jpeg().toBuffer(),
  inverted: (bytes) => sharp(bytes).negate().jpeg().toBuffer(),
  "dark or burnt": (bytes, random) =>
    sharp(bytes).linear(random.between(0.02, 4), random.between(-100, 100)).jpeg().toBuffer(),
  "grey with alpha": (bytes) => sharp(bytes).resize(700).greyscale().ensureAlpha(0.5).png().toBuffer(),
};

/** What every report must be, whatever was shown. */
function wellFormed({ result, ktpScore, hints, crops, outline }: KtpReport): void {
  const share = (n: number, what: string) => assert.ok(n >= 0 && n <= 1, `${what} is ${n}`);
  share(ktpScore, "ktpScore");
  share(result.confidence, "confidence");
  for (const field of KTP_FIELDS) {
    const { value, confidence, box } = result.fields[field];
    share(confidence, field);
    assert.equal(result[field], value);
    if (box) assert.ok(box.every(Number.isFinite), `${field}'s box is ${box}`);
  }
  const { glare_box, ...numbers } = result.quality;
  for (const [name, n] of Object.entries(numbers)) assert.ok(Number.isFinite(n), `${name} is ${n}`);
  assert.ok(glare_box === null || glare_box.every(Number.isFinite));
  assert.ok(hints.every((hint) => hint in HINTS));
  if (ktpScore < 0.5) assert.ok(hints.length > 0, "refused without a word");
  if (crops) assert.ok(crops.portrait.length > 100 && crops.signature.length > 100);
  if (outline) assert.ok(outline.card.flat().every(Number.isFinite));
}

for (const [way, spoil] of Object.entries(SPOIL)) {
  test(`pictures ${way}: a report or a refusal by name, never a crash`, async (t) => {
    const random = new Random(SEED, way);
    const count = Math.ceil(IMAGES / Object.keys(SPOIL).length);
    let refused = 0;
    for (let i = 0; i < count; i++) {
      const bytes = await spoil(random.pick(originals), random);
      const begun = performance.now();
      try {
        wellFormed(await lookAtKtp(bytes, models));
      } catch (error) {
        if (!(error instanceof ImageRefusedError))
          throw new Error(`picture ${i} of seed ${SEED}`, { cause: error });
        assert.ok(error.fault in HINTS);
        refused++;
      }
      assert.ok(performance.now() - begun < HANG, `picture ${i} of seed ${SEED} took too long`);
    }
    t.diagnostic(`${count} pictures, ${refused} refused by name`);
  });
}
