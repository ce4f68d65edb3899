import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import sharp from "sharp";
import { drawKtp, makeCitizen, truthOf } from "../../../src/sample/sample.ts";
import { compareKtp } from "../../../src/vision/ktp/evaluate.ts";
import type { Models } from "../../../src/vision/models/models.ts";
import { missesOf, read, textModels } from "./support.ts";

let models: Models;
before(async () => {
  models = await textModels();
});
after(() => models.close());

/** Width of the card, and of the table on which it lies with a receipt's print above and below it. */
const CARD = 1080;
const TABLE = { width: 1900, height: 1400 } as const;

/** A card turned clockwise by some degrees among printed paper. */
async function among(card: Uint8Array, degrees: number): Promise<Uint8Array> {
  const print = [70, 120, 1330, 1380].map(
    (y) =>
      `<text x="${y}" y="${y}" font-size="34" font-family="Arimo, sans-serif">KOPI SUSU Rp 18.000</text>`,
  );
  const table = `<svg xmlns="http://www.w3.org/2000/svg" width="${TABLE.width}" height="${TABLE.height}"><rect width="100%" height="100%" fill="#b9a58c"/>${print.join("")}</svg>`;
  const turned = await sharp(card)
    .resize({ width: CARD })
    .ensureAlpha()
    .rotate(degrees, { background: "#0000" })
    .png()
    .toBuffer();
  return sharp(Buffer.from(table))
    .composite([{ input: turned }])
    .jpeg()
    .toBuffer();
}

test("a card that lies on its side or on its head, tilted, among other print is read", async () => {
  const citizen = await makeCitizen(900, 2);
  const card = await drawKtp(citizen);
  for (const degrees of [97, 187, 277]) {
    const { result, ktpScore } = await read(await among(card, degrees), models);
    const misses = missesOf(compareKtp(truthOf(citizen), result));
    assert.ok(ktpScore > 0.7, `turned by ${degrees}°: score ${ktpScore}`);
    assert.equal(result.nik, citizen.nik, `turned by ${degrees}°`);
    assert.ok(misses.length <= 2, `turned by ${degrees}°: ${misses.join("; ")}`);
  }
});
