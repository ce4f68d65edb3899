import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { recapture } from "../../../src/sample/attacks/recapture.ts";
import { findFaces } from "../../../src/vision/face/face.ts";
import { shrink } from "../../../src/vision/geometry.ts";
import type { Pixels } from "../../../src/vision/image.ts";
import { judgeSelfie } from "../../../src/vision/liveness/selfie.ts";
import type { Models } from "../../../src/vision/models/models.ts";
import { around, blurred, faceModels, groupPhotograph, mapped, on, sampleFace } from "../face/support.ts";
import { packFolder } from "../models/support.ts";

const LIVE = { liveness: 0.7 };
let models: Models;
before(async () => {
  models = await faceModels();
});
after(() => models.close());

const selfie = (image: Pixels) => judgeSelfie(image, models, LIVE);

/** One person of a group photograph, alone: the widest face is number 0. */
async function person(photograph: 3 | 4 | 5 | 6, number: number): Promise<Pixels> {
  const group = await groupPhotograph(photograph, 1920);
  return around(group, (await findFaces(group, models))[number].box);
}

describe("a selfie with the baseline", () => {
  it("has one face, measured, and a verdict in which the networks have no say", async () => {
    const { face, faces, hints, liveness, milliseconds } = await selfie(await person(6, 1));
    assert.equal(faces, 1);
    assert.deepEqual(hints, []);
    assert.ok(face && face.embedding.length > 0);
    assert.ok(liveness.face_detected && liveness.is_live && liveness.confidence >= 0.7);
    assert.equal(liveness.face_quality_score, face.quality.score);
    const { details } = liveness;
    assert.equal(details.model, "baseline");
    assert.equal(details.model_decides, false);
    assert.equal(details.eye_openness, face.eyeOpenness);
    assert.equal(details.mouth_movement, face.mouthOpenness);
    assert.deepEqual(details.head_pose, face.pose);
    for (const value of [details.skin_texture, details.spoof_score, details.frame, details.tonal_range]) {
      assert.ok(typeof value === "number" && value >= 0 && value <= 1, `${value}`);
    }
    for (const stage of ["detect", "describe", "liveness"]) assert.ok(milliseconds[stage] > 0);
  });

  it("is refused without a face", async () => {
    const report = await selfie(mapped(await groupPhotograph(6, 320), () => 120));
    assert.equal(report.faces, 0);
    assert.equal(report.face, null);
    assert.deepEqual(report.hints, ["no_face"]);
    assert.equal(report.liveness.is_live, false);
    assert.equal(report.liveness.face_detected, false);
    assert.equal(report.liveness.details.spoof_score, null);
  });

  it("is refused with several large faces, but not for a passer-by", async () => {
    const group = await selfie(await groupPhotograph(6));
    assert.equal(group.faces, 4);
    assert.equal(group.face, null);
    assert.deepEqual(group.hints, ["several_faces"]);

    const near = await person(6, 1);
    const far = await person(6, 0);
    const behind = shrink(far, Math.round(far.width / 3), Math.round(far.height / 3));
    const ground = { width: near.width + behind.width, height: near.height, grey: 120 };
    const picture = on(ground, near, 0, 0);
    const both = { ...picture, data: picture.data.slice() };
    for (let y = 0; y < behind.height; y++) {
      const row = behind.data.subarray(y * behind.width * 3, (y + 1) * behind.width * 3);
      both.data.set(row, ((y + 40) * ground.width + near.width) * 3);
    }
    assert.equal((await findFaces(both, models)).length, 2);
    const report = await selfie(both);
    assert.equal(report.faces, 1);
    assert.deepEqual(report.hints, []);
  });

  it("names what is wrong: too dark, too bright, blurred, too small", async () => {
    const picture = await person(6, 1);
    const hints = async (image: Pixels) => (await selfie(image)).hints;
    assert.deepEqual(await hints(mapped(picture, (v) => v * 0.08)), ["too_dark"]);
    assert.ok((await hints(mapped(picture, (v) => 120 + v * 1.8))).includes("too_bright"));
    assert.ok((await hints(blurred(picture, 9))).includes("blurred"));
    const small = shrink(picture, Math.round(picture.width / 5), Math.round(picture.height / 5));
    assert.ok(
      (await hints(on({ width: 640, height: 480, grey: 128 }, small, 200, 150))).includes("face_too_small"),
    );
  });

  it("names shut eyes, and does not take them for live", async (t) => {
    for (const name of ["b-1", "b-4"]) {
      const picture = await sampleFace(t, name);
      if (!picture) return;
      const { hints, liveness } = await selfie(picture);
      assert.deepEqual(hints, ["eyes_closed"], name);
      assert.equal(liveness.is_live, false, name);
    }
  });
});

describe("a selfie with the strong pack", () => {
  it("passes people and refuses prints and screens of them", async (t) => {
    const packDir = packFolder(t);
    if (packDir === null) return;
    const strong = await faceModels(packDir);
    t.after(() => strong.close());
    const people = await Promise.all([person(5, 2), person(3, 0)]);
    let seed = 1;
    for (const photograph of people) {
      const { liveness } = await judgeSelfie(photograph, strong, LIVE);
      assert.equal(liveness.details.model, "minifasnet");
      assert.equal(liveness.details.model_decides, true);
      assert.ok(liveness.is_live, `a person: ${JSON.stringify(liveness)}`);
      for (const kind of ["print", "replay"] as const) {
        const again = recapture(photograph, { kind, seed: seed++, width: 480, height: 640 });
        const attack = (await judgeSelfie(again, strong, LIVE)).liveness;
        assert.ok(attack.face_detected);
        assert.equal(attack.is_live, false, `${kind}: ${JSON.stringify(attack)}`);
      }
    }
  });
});
