import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import sharp from "sharp";
import { drawKtp, makeCitizen, photographKtp } from "../../../src/sample/sample.ts";
import type { Models } from "../../../src/vision/models/models.ts";
import { read, textModels } from "./support.ts";

let models: Models;
before(async () => {
  models = await textModels();
});
after(() => models.close());

const WIDTH = 900;
const HEIGHT = Math.round((WIDTH * 53.98) / 85.6);
const GAP = 60;

test("two cards side by side are said to be two, and not to be no KTP", async () => {
  const cards = await Promise.all(
    [0, 1].map(async (index) => ({
      input: await sharp(await drawKtp(await makeCitizen(81, index)))
        .resize({ width: WIDTH, height: HEIGHT, fit: "fill" })
        .toBuffer(),
      left: GAP + index * (WIDTH + GAP),
      top: GAP,
    })),
  );
  const size = { width: 2 * WIDTH + 3 * GAP, height: HEIGHT + 2 * GAP };
  const picture = sharp({ create: { ...size, channels: 3, background: "#7a6a58" } }).composite(cards);
  const { hints, ktpScore } = await read(await picture.jpeg().toBuffer(), models);
  assert.deepEqual(hints, ["two_cards"]);
  assert.ok(ktpScore < 0.5);
});

for (const [index, edge] of [
  [0, "bottom"],
  [1, "top"],
] as const) {
  test(`a card whose ${edge} is cut off is told so`, async () => {
    const { jpeg } = await photographKtp(await makeCitizen(71, index), {
      effects: [{ name: "cropped", strength: 0.25 }],
    });
    const { hints } = await read(jpeg, models);
    assert.deepEqual(hints, ["cropped", `cropped_${edge}`]);
  });
}

test("a card that lies wholly in the picture is not said to be cut off", async () => {
  const { jpeg } = await photographKtp(await makeCitizen(71, 0), { level: 1 });
  assert.deepEqual((await read(jpeg, models)).hints, []);
});
