import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { findFaces } from "../../../src/vision/face/face.ts";
import { at, type FaceMesh, mesh } from "../../../src/vision/face/mesh.ts";
import { type EyeCorners, LEFT_EYE, RIGHT_EYE } from "../../../src/vision/face/points.ts";
import type { Pixels } from "../../../src/vision/image.ts";
import { eyeRim } from "../../../src/vision/liveness/rim.ts";
import type { Models } from "../../../src/vision/models/models.ts";
import { faceModels, groupPhotograph } from "../face/support.ts";

let models: Models;
before(async () => {
  models = await faceModels();
});
after(() => models.close());

/** What is drawn around an eye: half its width and height, and how thick the line, in distances of the eye's corners. */
interface Ring {
  readonly wide: number;
  readonly high: number;
  readonly thick: number;
  readonly grey: number;
}

function withRing(image: Pixels, { points, lean }: FaceMesh, eye: EyeCorners, ring: Ring): Pixels {
  const [a, b] = [at(points, eye.outer), at(points, eye.inner)];
  const unit = Math.hypot(a[0] - b[0], a[1] - b[1]);
  const [cos, sin] = [Math.cos(lean), Math.sin(lean)];
  const [cx, cy] = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
  const data = Uint8Array.from(image.data);
  for (let y = Math.floor(cy - 2 * unit); y < cy + 2 * unit; y++) {
    for (let x = Math.floor(cx - 2 * unit); x < cx + 2 * unit; x++) {
      const [dx, dy] = [(x - cx) / unit, (y - cy) / unit];
      const [u, v] = [dx * cos + dy * sin, dy * cos - dx * sin];
      const far = Math.hypot(u / ring.wide, v / ring.high);
      const i = (y * image.width + x) * 3;
      // By how far the ellipse lies from the point, roughly.
      if (Math.abs(far - 1) * Math.hypot(u, v) < ring.thick / 2) data.fill(ring.grey, i, i + 3);
    }
  }
  return { ...image, data };
}

test("the cut edges of a mask's holes are seen around both eyes, and nothing on faces, one eye or behind spectacles", async () => {
  const group = await groupPhotograph(6, 1920);
  const hole: Ring = { wide: 0.6, high: 0.42, thick: 0.06, grey: 235 };
  const spectacles: Ring = { wide: 0.95, high: 0.75, thick: 0.08, grey: 30 };
  for (const face of await findFaces(group, models)) {
    const surface = await mesh(group, face, models);
    const both = (ring: Ring) =>
      [LEFT_EYE, RIGHT_EYE].reduce((image, eye) => withRing(image, surface, eye, ring), group);
    const bare = eyeRim(group, surface);
    assert.ok(bare < 0.05, `a face: ${bare}`);
    const masked = eyeRim(both(hole), surface);
    assert.ok(masked > 0.2, `holes: ${masked}`);
    const one = eyeRim(withRing(group, surface, LEFT_EYE, hole), surface);
    assert.ok(one < 0.05, `a ring around one eye: ${one}`);
    const seen = eyeRim(both(spectacles), surface);
    assert.ok(seen < 0.1, `dark spectacles: ${seen}`);
    const bright = eyeRim(both({ ...spectacles, grey: 220 }), surface);
    assert.ok(bright < 0.1, `bright spectacles: ${bright}`);
  }
});
