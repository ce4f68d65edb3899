/**
 * How `src/vision/face/centre.json` came about: the mean of both networks' unit outputs over the people of the group
 * photographs in `@vladmandic/face-api` and of the gallery in `@vladmandic/human` (whose one man of many pictures
 * counts once). Run by hand: checks the file; with WRITE=1 writes it anew.
 */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { detect } from "../../../src/vision/face/detect.ts";
import { describe } from "../../../src/vision/face/embed.ts";
import { mesh } from "../../../src/vision/face/mesh.ts";
import type { Pixels } from "../../../src/vision/image.ts";
import { galleryCells } from "./gallery.ts";
import { faceModels, groupPhotograph } from "./support.ts";

const ROOT = new URL("../../../", import.meta.url);
const CENTRE = fileURLToPath(new URL("src/vision/face/centre.json", ROOT));

const NETWORKS = ["embedding", "description"] as const;

async function pictures(): Promise<Pixels[]> {
  const cells = await galleryCells();
  const faces = cells.filter(({ man, name }) => !man || name === "0-0").map(({ picture }) => picture);
  const groups = await Promise.all(([1, 2, 3, 4, 5, 6] as const).map((number) => groupPhotograph(number)));
  return [...groups, ...faces];
}

test("the centre is the mean over the people of the packages' photographs", async (t) => {
  const models = await faceModels();
  t.after(() => models.close());
  const sums = { embedding: new Float64Array(128), description: new Float64Array(1024) };
  let people = 0;
  for (const picture of await pictures()) {
    for (const found of await detect(picture, models)) {
      const { points } = await mesh(picture, found, models);
      const raw = await describe(picture, points, models);
      for (const network of NETWORKS) {
        const norm = Math.hypot(...raw[network]);
        raw[network].forEach((value, i) => {
          sums[network][i] += value / norm;
        });
      }
      people++;
    }
  }
  const means = Object.fromEntries(
    NETWORKS.map((network) => [
      network,
      Array.from(sums[network], (sum) => Number((sum / people).toFixed(4))),
    ]),
  );
  if (process.env.WRITE === "1") await writeFile(CENTRE, JSON.stringify(means));
  const kept = JSON.parse(await readFile(CENTRE, "utf8"));
  for (const network of NETWORKS) {
    const [a, b]: number[][] = [means[network], kept[network]];
    const dot = a.reduce((sum, v, i) => sum + v * b[i], 0);
    const likeness = dot / (Math.hypot(...a) * Math.hypot(...b));
    assert.ok(likeness > 0.999, `${network}: ${likeness} over ${people} faces`);
  }
});
