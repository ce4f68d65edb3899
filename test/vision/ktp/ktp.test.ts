import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import sharp from "sharp";
import { drawNotAKtp, drawSelfie, makeCitizen, photographKtp, truthOf } from "../../../src/sample/sample.ts";
import { perspective, type Quad, transform } from "../../../src/vision/geometry.ts";
import { compareKtp } from "../../../src/vision/ktp/evaluate.ts";
import { lookAtKtp } from "../../../src/vision/look.ts";
import type { Models } from "../../../src/vision/models/models.ts";
import { missesOf, read, readSample, textModels } from "./support.ts";

const SEED = 77;
/** What the policy takes for a KTP, and the least confidence of what it goes on with. */
const POLICY = { ktpScore: 0.5, confidence: 0.8 } as const;
/** Those most like a KTP; all kinds are in refusals.slow.ts. */
const QUICK_KINDS = ["form", "sim", "ktp-back"] as const;
/** ISO/IEC 7810 ID-1, in millimetres. */
const CARD = { width: 85.6, height: 53.98 } as const;
const CARD_RATIO = CARD.width / CARD.height;
const CARD_CORNERS: Quad = [
  [0, 0],
  [CARD.width, 0],
  [CARD.width, CARD.height],
  [0, CARD.height],
];
/** The middle of its portrait. */
const PORTRAIT = { x: 72.5, y: 23 } as const;

let models: Models;
before(async () => {
  models = await textModels();
});
after(() => models.close());

test("a scanned card is read exactly, and surely enough to go on with", async () => {
  const { reading, outcomes } = await readSample(SEED, 0, 0, models);
  assert.deepEqual(missesOf(outcomes), []);
  const { fields, confidence, checks } = reading.result;
  assert.ok(reading.ktpScore >= POLICY.ktpScore);
  assert.deepEqual(reading.hints, []);
  for (const sure of [fields.nik.confidence, fields.name.confidence, confidence])
    assert.ok(sure >= POLICY.confidence, String(sure));
  for (const name of ["nik_structure", "nik_birth_date", "nik_gender", "region_city"])
    assert.ok(checks.find((check) => check.name === name)?.ok, name);
});

test("a check's detail repeats nothing that was read", async () => {
  const { reading, citizen } = await readSample(SEED, 0, 0, models);
  const told = JSON.stringify(reading.result.checks);
  for (const secret of [citizen.nik, citizen.name, citizen.birth_date, citizen.address])
    assert.ok(!told.includes(secret));
});

for (const degrees of [90, 180, 270]) {
  test(`a card turned by ${degrees}° is read as well, and found upright`, async () => {
    const citizen = await makeCitizen(SEED, 1);
    const { jpeg } = await photographKtp(citizen);
    const reading = await read(await sharp(jpeg).rotate(degrees).jpeg({ quality: 92 }).toBuffer(), models);
    assert.deepEqual(missesOf(compareKtp(truthOf(citizen), reading.result)), []);
    assert.ok(reading.outline);
    const [a, b, , d] = reading.outline.card;
    const ratio = Math.hypot(b[0] - a[0], b[1] - a[1]) / Math.hypot(d[0] - a[0], d[1] - a[1]);
    assert.ok(Math.abs(ratio / CARD_RATIO - 1) < 0.25, `the card's sides are as ${ratio}`);
    const off = (reading.result.quality.rotation - degrees + 540) % 360;
    assert.ok(Math.abs(off - 180) < 10, `its upper edge runs at ${reading.result.quality.rotation}°`);
  });
}

test("a photograph in perspective on some ground is read, its boxes inside the card as it was photographed", async () => {
  const citizen = await makeCitizen(SEED, 2);
  const { jpeg, corners } = await photographKtp(citizen, { level: 2 });
  const { result, ktpScore } = await read(jpeg, models);
  assert.ok(ktpScore >= POLICY.ktpScore);
  assert.equal(result.nik, citizen.nik);
  const exact = compareKtp(truthOf(citizen), result).filter(({ outcome }) => outcome === "exact");
  assert.ok(exact.length >= 16, missesOf(compareKtp(truthOf(citizen), result)).join("; "));
  const [xs, ys] = [corners.map(([x]) => x), corners.map(([, y]) => y)];
  for (const { box } of Object.values(result.fields)) {
    if (!box) continue;
    const [x, y] = [box[0] + box[2] / 2, box[1] + box[3] / 2];
    assert.ok(x > Math.min(...xs) && x < Math.max(...xs) && y > Math.min(...ys) && y < Math.max(...ys));
  }
});

test("the portrait's box is in the photograph's pixels, as many as there are", async () => {
  const { jpeg, corners } = await photographKtp(await makeCitizen(SEED, 2), { level: 2 });
  const { portrait } = await lookAtKtp(jpeg, models);
  assert.ok(portrait);
  const [x, y, width, height] = portrait.box;
  const [topLeft, topRight] = corners;
  const cardWidth = Math.hypot(topRight[0] - topLeft[0], topRight[1] - topLeft[1]);
  assert.ok(width > 0.08 * cardWidth && width < 0.25 * cardWidth, `${width} on a card of ${cardWidth}`);
  const [u, v] = transform(perspective(corners, CARD_CORNERS), [x + width / 2, y + height / 2]);
  assert.ok(Math.abs(u - PORTRAIT.x) < 5 && Math.abs(v - PORTRAIT.y) < 7, `${u},${v}`);
});

for (const kind of QUICK_KINDS) {
  test(`a ${kind} is no KTP`, async () => {
    const { ktpScore, hints, result } = await lookAtKtp(await drawNotAKtp(SEED, kind), models);
    assert.ok(ktpScore < POLICY.ktpScore, `score ${ktpScore}`);
    assert.ok(hints.includes("not_a_ktp"));
    assert.equal(result.fields.nik.confidence >= POLICY.confidence && ktpScore >= POLICY.ktpScore, false);
  });
}

test("a selfie is no KTP", async () => {
  const { ktpScore, result } = await read(await drawSelfie(await makeCitizen(SEED, 3)), models);
  assert.ok(ktpScore < POLICY.ktpScore);
  assert.equal(result.nik, null);
  assert.equal(result.name, null);
});

test("a picture without any print gives nothing, and fails nothing", async () => {
  const blank = await sharp({ create: { width: 640, height: 400, channels: 3, background: "#8899aa" } })
    .png()
    .toBuffer();
  const { result, ktpScore } = await read(blank, models);
  assert.equal(ktpScore, 0);
  assert.ok(
    Object.values(result.fields).every(({ value, confidence }) => value === null && confidence === 0),
  );
});
