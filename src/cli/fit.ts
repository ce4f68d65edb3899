import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findFaces, measureFace } from "../vision/face/face.ts";
import { decodeImage } from "../vision/image.ts";
import { type Example, fitFusion } from "../vision/liveness/fit.ts";
import { measurePicture } from "../vision/liveness/passive.ts";
import { SELFIE_MAX_SIDE } from "../vision/liveness/selfie.ts";
import { type Command, needed, UsageError } from "./command.ts";
import { readCsv } from "./csv.ts";
import { openNetworks } from "./networks.ts";

export const fit: Command = {
  usage: "fit liveness LABELS.csv --dir DIR [--out FILE.json]",
  summary:
    "Fit how networks and cues become one liveness confidence, on pictures whose truth is known; the strong pack is needed.",
  flags: { dir: "string", out: "string" },
  async run([what, labels, ...rest], flags, context) {
    if (what !== "liveness" || labels === undefined || rest.length > 0)
      throw new UsageError("Say liveness and the file of labels.");
    const dir = needed(flags, "dir");
    const rows = readCsv(await readFile(labels, "utf8"), ["file", "label"]);
    const { models } = await openNetworks(context);
    if (!models.has("spoof-2.7") || !models.has("spoof-4.0"))
      throw new UsageError("The strong pack is not installed: models pull minifasnet.");
    const examples: Example[] = [];
    for (const { file, label } of rows) {
      const image = await decodeImage(await readFile(join(dir, file)), SELFIE_MAX_SIDE);
      const [face] = await findFaces(image, models);
      context.out.note(`${file}${face ? "" : ": no face, left out"}`);
      if (!face) continue;
      const { measures } = await measurePicture(image, await measureFace(image, face, models), models);
      examples.push({ label, measures });
      if (context.out.json) context.out.result({ file, label, ...measures }, () => []);
    }
    await models.close();
    const fusions = { minifasnet: fitFusion(examples, true), baseline: fitFusion(examples, false) };
    const text = `${JSON.stringify(fusions, null, 2)}\n`;
    if (typeof flags.out === "string") await writeFile(flags.out, text);
    context.out.result({ examples: examples.length, ...fusions }, () => text);
  },
};
