import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import sharp from "sharp";
import { textPath, textWidth } from "../../../src/sample/lettering.ts";
import { drawKtp, makeCitizen, truthOf } from "../../../src/sample/sample.ts";
import type { KtpField, KtpReading } from "../../../src/vision/facts.ts";
import { compareKtp } from "../../../src/vision/ktp/evaluate.ts";
import type { Models } from "../../../src/vision/models/models.ts";
import { missesOf, read, textModels } from "./support.ts";

const SEED = 81;
/** Lines of a KTP with a label: each is one label and one value at least. */
const LABELLED = 13;
/** All lines that are read, one behind the other, each 48 pixels high: in widths of a card that fills the picture. */
const MOST_WIDTH = 3.5;

let models: Models;
before(async () => {
  models = await textModels();
});
after(() => models.close());

/** The same networks, how often lines were read with them, and how wide these were all together. */
function counting(): { readonly models: Models; readonly lines: () => number; readonly width: () => number } {
  let [lines, pixels] = [0, 0];
  return {
    lines: () => lines,
    width: () => pixels,
    models: {
      ...models,
      get(name) {
        const model = models.get(name);
        if (name !== "text-recognition") return model;
        return {
          name,
          see(...of) {
            lines += 1;
            pixels += of[1];
            return model.see(...of);
          },
        };
      },
    },
  };
}

/** A card on which the labels of some fields are painted over with the ground beside them. */
async function withoutLabels(jpeg: Uint8Array, { result }: KtpReading, fields: readonly KtpField[]) {
  const pieces = fields.map((field) => {
    const [x, y, , height] = result.fields[field].box ?? [0, 0, 0, 0];
    return { left: 0, top: Math.round(y), width: Math.round(x - height), height: Math.round(height) };
  });
  return sharp(jpeg)
    .composite(
      pieces.map(({ left, top, width, height }) => ({
        input: { create: { width, height, channels: 3 as const, background: "#c3dcea" } },
        left,
        top,
      })),
    )
    .jpeg({ quality: 92 })
    .toBuffer();
}

test("where every label stands in its place some are read, and all fields are told apart", async () => {
  const citizen = await makeCitizen(SEED, 0);
  const count = counting();
  const jpeg = await drawKtp(citizen);
  const { result, ktpScore } = await read(jpeg, count.models);
  assert.deepEqual(missesOf(compareKtp(truthOf(citizen), result)), []);
  assert.ok(ktpScore > 0.99);
  assert.ok(count.lines() < 2 * LABELLED + 2, `${count.lines()} lines were read`);
  const { width } = await sharp(jpeg).metadata();
  assert.ok(count.width() < MOST_WIDTH * width, `${count.width()} pixels were read`);
});

for (const hidden of [["address"], ["district"], ["rt_rw", "religion"]] as const) {
  test(`where the label of ${hidden.join(" and ")} is hidden, no value goes to another field`, async () => {
    const citizen = await makeCitizen(SEED, 1);
    const jpeg = await drawKtp(citizen);
    const whole = await read(jpeg, models);
    const { result } = await read(await withoutLabels(jpeg, whole, hidden), models);
    assert.deepEqual(missesOf(compareKtp(truthOf(citizen), result)), []);
  });
}

test("a label of several words that touches its value is told from it, wherever its words have gaps", async () => {
  const citizen = await makeCitizen(SEED, 2);
  const jpeg = await drawKtp(citizen);
  const [x, y, , height] = (await read(jpeg, models)).result.fields.birth_place.box ?? [0, 0, 0, 0];
  const label = "Tempat / Tgl Lahir";
  const size = height * 0.72;
  const begin = x - textWidth(label, size) - 0.1 * size;
  const { width = 0, height: high = 0 } = await sharp(jpeg).metadata();
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${high}"><rect y="${y}" width="${x - 2}" height="${height}" fill="#c3dcea"/>${textPath(label, begin, y + height * 0.77, size)}</svg>`;
  const touching = await sharp(jpeg)
    .composite([{ input: Buffer.from(svg) }])
    .jpeg({ quality: 92 })
    .toBuffer();
  const { result } = await read(touching, models);
  assert.deepEqual(missesOf(compareKtp(truthOf(citizen), result)), []);
});
