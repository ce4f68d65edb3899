import assert from "node:assert/strict";
import { test } from "node:test";
import sharp from "sharp";
import { decodeImage, type ImageFault, ImageRefusedError } from "../../src/vision/image.ts";
import { bomb } from "../support/pictures.ts";

const RED = { r: 250, g: 10, b: 20 };
const picture = (width = 320, height = 200) =>
  sharp({ create: { width, height, channels: 3, background: RED } });

const jpeg = await picture().jpeg().toBuffer();
const noisy = await sharp({
  create: {
    width: 640,
    height: 480,
    channels: 3,
    background: RED,
    noise: { type: "gaussian", mean: 128, sigma: 60 },
  },
})
  .jpeg()
  .toBuffer();
const svg = Buffer.from(
  '<svg xmlns="http://www.w3.org/2000/svg" width="400" height="400"><script>alert(1)</script></svg>',
);

const bad: [string, Uint8Array, ImageFault][] = [
  ["no bytes", new Uint8Array(0), "empty"],
  ["text", Buffer.from("hello, this is no picture at all"), "unsupported_format"],
  ["a PDF", Buffer.from("%PDF-1.7\n%âãÏÓ\n1 0 obj"), "unsupported_format"],
  ["a GIF", await picture().gif().toBuffer(), "unsupported_format"],
  ["a TIFF", await picture().tiff().toBuffer(), "unsupported_format"],
  ["an SVG with a script", svg, "unsupported_format"],
  ["a JPEG cut in half", noisy.subarray(0, noisy.length >> 1), "damaged"],
  ["a JPEG's first bytes alone", Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 16]), "damaged"],
  ["one pixel", await picture(1, 1).png().toBuffer(), "too_few_pixels"],
  ["a strip", await picture(2000, 20).jpeg().toBuffer(), "too_few_pixels"],
  ["a 20,000 × 20,000 bomb", bomb(20_000, 20_000), "too_many_pixels"],
  [
    "an animation",
    await sharp([await picture().png().toBuffer(), await picture().negate().png().toBuffer()], {
      join: { animated: true },
    })
      .webp()
      .toBuffer(),
    "animated",
  ],
];
for (const [name, bytes, fault] of bad) {
  test(`refused: ${name}`, async () => {
    await assert.rejects(decodeImage(bytes), (error) => {
      assert.ok(error instanceof ImageRefusedError);
      assert.equal(error.fault, fault);
      assert.ok(error.message.length > 20, "says what to do");
      return true;
    });
  });
}

const odd: [string, Uint8Array][] = [
  ["JPEG", jpeg],
  ["PNG", await picture().png().toBuffer()],
  ["WebP", await picture().webp({ lossless: true }).toBuffer()],
  ["CMYK", await picture().toColourspace("cmyk").jpeg().toBuffer()],
  ["16 bit", await picture().toColourspace("rgb16").png().toBuffer()],
  ["transparent", await picture().ensureAlpha(1).png().toBuffer()],
  ["palette", await picture().png({ palette: true }).toBuffer()],
];
for (const [name, bytes] of odd) {
  test(`taken: ${name}, as 8-bit RGB`, async () => {
    const image = await decodeImage(bytes);
    assert.deepEqual([image.width, image.height, image.scale], [320, 200, 1]);
    assert.equal(image.data.length, 320 * 200 * 3);
    const [r, g, b] = image.data.subarray(3 * 5000, 3 * 5000 + 3);
    assert.ok(r > 200 && g < 70 && b < 70, `${r} ${g} ${b}`);
  });
}

test("a grey picture becomes RGB", async () => {
  const image = await decodeImage(await picture().greyscale().jpeg().toBuffer());
  assert.equal(image.data.length, 320 * 200 * 3);
  assert.equal(image.data[0], image.data[1]);
});

test("EXIF orientation is applied", async () => {
  const upright = sharp(await picture(320, 200).png().toBuffer()).composite([
    {
      input: await sharp({ create: { width: 160, height: 200, channels: 3, background: "#00f" } })
        .png()
        .toBuffer(),
      left: 0,
      top: 0,
    },
  ]);
  // Stored lying on its side, with the tag that turns it a quarter clockwise.
  const turned = await sharp(await upright.png().toBuffer())
    .rotate(270)
    .withMetadata({ orientation: 6 })
    .jpeg()
    .toBuffer();
  const image = await decodeImage(turned);
  assert.deepEqual([image.width, image.height], [320, 200]);
  assert.ok(image.data[2] > 200 && image.data[0] < 80, "blue is on the left again");
});

test("a large picture is scaled to the side asked for, and says by how much", async () => {
  const image = await decodeImage(await picture(3000, 1500).jpeg().toBuffer(), 1000);
  assert.deepEqual([image.width, image.height, image.scale], [1000, 500, 3]);
});
