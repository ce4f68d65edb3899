import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Pixels } from "../../../src/vision/image.ts";
import { dashIn } from "../../../src/vision/ktp/blood.ts";
import {
  AS_READ,
  CAPITALS,
  DIGITS,
  decode,
  digitChances,
  type Reading,
} from "../../../src/vision/ktp/decode.ts";
import { regions } from "../../../src/vision/ktp/detect.ts";
import { textOf } from "../../../src/vision/ktp/pieces.ts";
import { vote } from "../../../src/vision/ktp/reread.ts";
import { inkOf, spaced } from "../../../src/vision/ktp/spacing.ts";
import type { Models } from "../../../src/vision/models/models.ts";
import { lineOf } from "./lines.ts";
import { textModels } from "./support.ts";

let models: Models;
before(async () => {
  models = await textModels();
});
after(() => models.close());

const ALPHABET = ["", " ", "0", "O", "1", "l", "I", "4", "A", "a"];
/** A reading in which each step has these chances; what is left is the blank's. */
const readingOf = (...steps: readonly Readonly<Record<string, number>>[]): Reading => {
  const chances = new Float32Array(steps.length * ALPHABET.length);
  for (const [t, step] of steps.entries()) {
    let rest = 1;
    for (const [char, chance] of Object.entries(step)) {
      chances[t * ALPHABET.length + ALPHABET.indexOf(char)] = chance;
      rest -= chance;
    }
    chances[t * ALPHABET.length] += rest;
  }
  return { alphabet: ALPHABET, chances, steps: steps.length, stepWidth: 8 };
};

test("CTC: runs are one letter, blanks part doubled ones", () => {
  const reading = readingOf({ A: 0.9 }, { A: 0.8 }, {}, { A: 0.7 }, {}, { O: 0.6 });
  const letters = decode(reading, AS_READ);
  assert.equal(textOf(letters), "AAO");
  assert.deepEqual(
    letters.map(({ score, x, from, to }) => [Math.round(score * 10) / 10, x, from, to]),
    [
      [0.9, 4, 0, 1],
      [0.7, 28, 3, 3],
      [0.6, 44, 5, 5],
    ],
  );
});

test("what is known of a place adds up the chances of characters that count as one", () => {
  const reading = readingOf({ O: 0.3, "0": 0.25 }, {}, { l: 0.3, I: 0.25 }, {}, { A: 0.4, a: 0.35 });
  assert.equal(textOf(decode(reading, AS_READ)), "A", "by itself the blank wins where two share");
  assert.equal(textOf(decode(reading, CAPITALS)), "IA");
  assert.equal(textOf(decode(reading, DIGITS)), "014");
  const [zero] = decode(reading, DIGITS);
  assert.equal(digitChances(reading, zero)[0], 1);
});

/** White paper with black bars: [from, to] in columns; between rows 12 and 35 unless said otherwise. */
function bars(
  width: number,
  ...ink: readonly (readonly [from: number, to: number, top?: number, bottom?: number])[]
): Pixels {
  const data = new Uint8Array(width * 48 * 3).fill(230);
  for (const [from, to, top = 12, bottom = 35] of ink)
    for (let y = top; y <= bottom; y++) data.fill(30, (y * width + from) * 3, (y * width + to + 1) * 3);
  return { width, height: 48, data };
}

test("a space is where the network hears one or the pixels show one", () => {
  const says = (picture: Pixels, heard: number) => {
    const reading = readingOf({ A: 0.9 }, {}, { " ": heard }, {}, { A: 0.9 });
    return textOf(spaced(decode(reading, AS_READ), reading, inkOf(picture)));
  };
  const apart = bars(40, [0, 9], [27, 39]);
  const together = bars(40, [0, 17], [19, 39]);
  assert.equal(says(apart, 0.3), "A A");
  assert.equal(says(together, 0.02), "AA");
  assert.equal(says(together, 0.49), "A A", "the network is believed where ink runs over the gap");
  assert.equal(says(apart, 0.001), "AA", "nor is a wide gap enough where the network hears nothing at all");
});

test("a dash is known by its shape", () => {
  const label: readonly [number, number] = [10, 40];
  const found = dashIn(bars(120, label, [70, 80, 22, 25]), 30);
  assert.ok(found && Math.abs(found.from * 120 - 70) < 2 && Math.abs(found.to * 120 - 81) < 2);
  assert.equal(dashIn(bars(120, label), 30), null, "nothing there");
  assert.equal(dashIn(bars(120, label, [70, 80]), 30), null, "a letter");
  assert.equal(dashIn(bars(120, label, [70, 73, 22, 25]), 30), null, "a dot");
  assert.equal(dashIn(bars(120, label, [60, 110, 22, 24]), 30), null, "a line of the ground");
  assert.ok(
    dashIn(bars(120, label, [55, 58, 14, 17], [55, 58, 30, 33], [70, 80, 22, 25]), 30),
    "after a colon",
  );
});

test("looks at one line: what most agree on is surer, what none does is doubted", () => {
  const looks = (...texts: readonly string[]) => texts.map((text) => lineOf(text, 0, 0, 0, 0.9));
  const all = vote(looks("VIII", "VIII", "VIII"));
  const most = vote(looks("VII", "VIII", "VIII"));
  const none = vote(looks("VI", "VII", "VIII"));
  assert.deepEqual(
    [all, most, none].map(({ letters }) => textOf(letters)),
    ["VIII", "VIII", "VIII"],
  );
  assert.ok(all.doubt < most.doubt && most.doubt < 1 && none.doubt > 1);
  assert.equal(textOf(vote(looks("", "A")).letters), "A", "an empty look has no vote");
});

test("regions of a probability map become boxes that are grown back, turned as they lie", () => {
  const [width, height] = [160, 96];
  const map = new Float32Array(width * height);
  const angle = Math.PI / 12;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [dx, dy] = [x - 80, y - 48];
      const u = dx * Math.cos(angle) + dy * Math.sin(angle);
      const v = dy * Math.cos(angle) - dx * Math.sin(angle);
      if (Math.abs(u) <= 50 && Math.abs(v) <= 5) map[y * width + x] = 0.9;
    }
  }
  map[0] = 0.9;
  const found = regions(map, width, height);
  assert.equal(found.length, 1, "a speck is no line");
  const [[a, b, , d]] = found.map(({ quad }) => quad);
  const long = Math.hypot(b[0] - a[0], b[1] - a[1]);
  const high = Math.hypot(d[0] - a[0], d[1] - a[1]);
  assert.ok(Math.abs(Math.atan2(b[1] - a[1], b[0] - a[0]) - angle) < 0.02);
  assert.ok(long > 108 && long < 122, `long ${long}`);
  assert.ok(high > 20 && high < 30, `high ${high}`);
  assert.deepEqual(regions(new Float32Array(width * height), width, height), []);
});
