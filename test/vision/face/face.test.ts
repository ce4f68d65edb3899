import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import sharp from "sharp";
import { compare, cosineSimilarity } from "../../../src/vision/face/compare.ts";
import { EMBEDDING_LENGTH } from "../../../src/vision/face/embed.ts";
import {
  describeFace,
  describeLargestFace,
  describePortrait,
  findFaces,
  findPortrait,
} from "../../../src/vision/face/face.ts";
import { mesh, type Point3 } from "../../../src/vision/face/mesh.ts";
import type { FaceFacts } from "../../../src/vision/facts.ts";
import { type Point, shrink, similarity, warp } from "../../../src/vision/geometry.ts";
import type { Pixels } from "../../../src/vision/image.ts";
import { CATALOGUE } from "../../../src/vision/models/catalogue.ts";
import type { Models } from "../../../src/vision/models/models.ts";
import { around, blurred, faceModels, groupPhotograph, mapped, on, sampleFace } from "./support.ts";

const THRESHOLD = CATALOGUE["face-embedding"].threshold!;
let models: Models;
before(async () => {
  models = await faceModels();
});
after(() => models.close());

/** The one large face of a picture that has one. */
async function face(image: Pixels): Promise<FaceFacts> {
  const facts = await describeLargestFace(image, models);
  assert.ok(facts, "a face is found");
  return facts;
}

/** Turned clockwise around its middle. */
function turned(image: Pixels, degrees: number): Pixels {
  const angle = (degrees * Math.PI) / 180;
  const [cx, cy] = [image.width / 2, image.height / 2];
  const [c, s] = [100 * Math.cos(angle), 100 * Math.sin(angle)];
  const back = similarity(
    [
      [cx, cy],
      [cx + c, cy + s],
    ],
    [
      [cx, cy],
      [cx + 100, cy],
    ],
  );
  return warp(image, back, image.width, image.height);
}

/** Points of the mesh around what covers a face: both lenses, and a mask from the bridge of the nose to the chin. */
const LENSES = [
  [226, 247, 30, 29, 27, 28, 56, 190, 244, 233, 232, 231, 230, 229, 228, 31],
  [446, 467, 260, 259, 257, 258, 286, 414, 464, 453, 452, 451, 450, 449, 448, 261],
];
const MASK = [
  234, 93, 132, 58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288, 361, 323, 454, 280,
  195, 50,
];
/** Lenses are larger than the eye's hollow. */
const LENS = 1.25;

/** Blue, white, black. */
const MASKS = ["#a9c7d8", "#e4e4e2", "#222326"];

/** The area within some points of a mesh, grown around its middle. */
const outline = (points: readonly Point3[], around: readonly number[], grow = 1): Point[] => {
  const middle = [0, 1].map((k) => around.reduce((sum, i) => sum + points[i][k], 0) / around.length);
  return around.map((i) => [
    middle[0] + grow * (points[i][0] - middle[0]),
    middle[1] + grow * (points[i][1] - middle[1]),
  ]);
};

/** The picture with areas painted over. */
async function painted(
  { width, height, data }: Pixels,
  areas: readonly Point[][],
  colour: string,
): Promise<Pixels> {
  const polygons = areas.map((area) => `<polygon points="${area.join(" ")}" fill="${colour}"/>`);
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${polygons.join("")}</svg>`;
  const over = sharp(data, { raw: { width, height, channels: 3 } }).composite([{ input: Buffer.from(svg) }]);
  return { width, height, data: new Uint8Array(await over.removeAlpha().raw().toBuffer()) };
}

describe("finding faces", () => {
  it("finds everyone in a group, the largest first, boxes around their eyes", async () => {
    const faces = await findFaces(await groupPhotograph(6), models);
    assert.equal(faces.length, 4);
    const widths = faces.map(({ box }) => box.width);
    assert.deepEqual(
      widths,
      widths.toSorted((a, b) => b - a),
    );
    for (const { box, points, score } of faces) {
      assert.ok(score > 0.5 && score <= 1);
      for (const [x, y] of points.slice(0, 4)) {
        assert.ok(x > box.x && x < box.x + box.width && y > box.y && y < box.y + box.height);
      }
      assert.ok(points[0][0] < points[1][0], "the person's right eye is on the left");
      assert.ok(points[3][1] > points[2][1], "the mouth is below the nose");
    }
  });

  it("finds none where there is none", async () => {
    const sky = on({ width: 400, height: 300, grey: 140 }, await groupPhotograph(6, 64), 20, 20);
    const plain = mapped(sky, () => 140);
    assert.deepEqual(await findFaces(plain, models), []);
    assert.equal(await describeLargestFace(plain, models), null);
    assert.equal(await describePortrait(plain, plain.width, models), null);
  });

  it("finds a small portrait where a KTP has it, and anywhere in a whole photograph", async () => {
    const group = await groupPhotograph(6);
    const [, second] = await findFaces(group, models);
    const cutOut = around(group, second.box);
    const portrait = shrink(cutOut, 200, Math.round((200 * cutOut.height) / cutOut.width));
    const card = on({ width: 1000, height: 630, grey: 190 }, portrait, 760, 150);
    const found = await findPortrait(card, card.width, models);
    assert.ok(found && found.box.x > 760 && found.box.x + found.box.width < 960);
    const photograph = on({ width: 2400, height: 1800, grey: 90 }, card, 300, 900);
    const facts = await describePortrait(photograph, card.width, models);
    assert.ok(facts && facts.box[0] > 1060 && facts.box[0] < 1260);
    const whole = await describeFace(group, second, models);
    assert.ok(cosineSimilarity(facts.embedding, whole.embedding) > THRESHOLD, "it is the same person");
    const speck = 20 * photograph.width;
    assert.equal(await findPortrait(photograph, speck, models), null, "too small for a card's portrait");
  });
});

describe("comparing faces", () => {
  it("gives embeddings of unit length that tell the people of a group apart", async () => {
    const group = await groupPhotograph(6);
    const people: FaceFacts[] = [];
    for (const found of await findFaces(group, models)) people.push(await describeFace(group, found, models));
    for (const { embedding } of people) {
      assert.equal(embedding.length, EMBEDDING_LENGTH);
      assert.ok(Math.abs(Math.hypot(...embedding) - 1) < 1e-5);
    }
    people.forEach((a, i) => {
      for (const b of people.slice(i + 1)) assert.ok(cosineSimilarity(a.embedding, b.embedding) < THRESHOLD);
    });
  });

  it("knows a face again that is smaller, darker, turned in the picture and mirrored", async () => {
    const group = await groupPhotograph(6);
    const [, second] = await findFaces(group, models);
    const original = await describeFace(group, second, models);
    const cutOut = around(group, second.box);
    const others = {
      smaller: shrink(cutOut, Math.round(cutOut.width / 3), Math.round(cutOut.height / 3)),
      darker: mapped(cutOut, (v) => v * 0.5),
      turned: turned(cutOut, 25),
    };
    for (const [how, picture] of Object.entries(others)) {
      const again = cosineSimilarity(original.embedding, (await face(picture)).embedding);
      assert.ok(again > 0.6, `${how}: ${again}`);
    }
  });

  it("matches near-neutral photographs of one person, not those of two", async (t) => {
    const names = ["a-1", "a-3", "b-2", "b-7"];
    const people: FaceFacts[] = [];
    for (const name of names) {
      const picture = await sampleFace(t, name);
      if (!picture) return;
      people.push(await face(picture));
    }
    names.forEach((a, i) => {
      names.forEach((b, j) => {
        const result = compare(people[i].embedding, people[j].embedding, THRESHOLD);
        assert.equal(result.is_match, a[0] === b[0], `${a} and ${b}: ${result.similarity_score}`);
      });
    });
  });

  it("says which face is missing, and refuses embeddings of two models", () => {
    const one = Float32Array.of(1, 0);
    assert.deepEqual(compare(null, one, 0.4), {
      is_match: false,
      similarity_score: null,
      threshold: 0.4,
      ktp_face_found: false,
      selfie_face_found: true,
    });
    assert.equal(cosineSimilarity(one, Float32Array.of(-2, 0)), -1);
    assert.throws(() => cosineSimilarity(one, Float32Array.of(1, 0, 0)), RangeError);
  });
});

describe("measuring a face", () => {
  it("tells how the head leans, whichever way the picture is turned", async () => {
    const group = await groupPhotograph(6);
    const [, second] = await findFaces(group, models);
    const cutOut = around(group, second.box);
    const upright = (await face(cutOut)).pose;
    for (const degrees of [-30, -15, 15, 30]) {
      const { roll, yaw, pitch } = (await face(turned(cutOut, degrees))).pose;
      assert.ok(Math.abs(roll - upright.roll - degrees) < 5, `roll ${roll} at ${degrees}°`);
      assert.ok(Math.abs(yaw - upright.yaw) < 8 && Math.abs(pitch - upright.pitch) < 8);
    }
  });

  it("tells a turned head from one that looks ahead, and to which side", async (t) => {
    const [ahead, aside] = [await sampleFace(t, "a-1"), await sampleFace(t, "a-2")];
    if (!ahead || !aside) return;
    const [a, b] = [await face(ahead), await face(aside)];
    assert.ok(Math.abs(a.pose.yaw) < 10, `ahead: ${a.pose.yaw}`);
    assert.ok(b.pose.yaw > 25, `to the right of the picture: ${b.pose.yaw}`);
    assert.ok(b.quality.pose < a.quality.pose);
  });

  it("tells shut eyes from open ones and an open mouth from a closed one", async (t) => {
    const measured: Record<string, FaceFacts> = {};
    for (const name of ["a-1", "a-6", "b-1", "b-2", "b-3", "b-4", "b-7"]) {
      const picture = await sampleFace(t, name);
      if (!picture) return;
      measured[name] = await face(picture);
    }
    for (const name of ["b-1", "b-4"]) assert.ok(measured[name].eyeOpenness < 0.15, name);
    for (const name of ["a-1", "b-2", "b-7"]) assert.ok(measured[name].eyeOpenness > 0.5, name);
    for (const name of ["a-6", "b-3"]) assert.ok(measured[name].mouthOpenness > 0.35, name);
    for (const name of ["a-1", "b-2", "b-7"]) assert.ok(measured[name].mouthOpenness < 0.1, name);
  });

  it("names dark glasses and most masks, and takes a bare face for neither", async () => {
    const group = await groupPhotograph(6);
    const masked: string[] = [];
    for (const found of await findFaces(group, models)) {
      const cutOut = around(group, found.box);
      const [detected] = await findFaces(cutOut, models);
      const { points } = await mesh(cutOut, detected, models);
      assert.equal((await face(cutOut)).covered, null);
      const lenses = LENSES.map((lens) => outline(points, lens, LENS));
      const glasses = await face(await painted(cutOut, lenses, "#181614"));
      assert.equal(glasses.covered, "sunglasses");
      assert.ok(glasses.quality.occlusion < 0.15);
      for (const colour of MASKS) {
        const { covered, quality } = await face(await painted(cutOut, [outline(points, MASK)], colour));
        if (covered === "mask") masked.push(colour);
        if (covered === "mask") assert.equal(quality.occlusion, 0);
      }
    }
    for (const colour of MASKS) assert.ok(masked.filter((one) => one === colour).length >= 3, `${masked}`);
  });

  it("grades a face lower the more it is blurred, darkened, burnt out or shrunk", async () => {
    const group = await groupPhotograph(6);
    const [, second] = await findFaces(group, models);
    const cutOut = around(group, second.box);
    const grade = async (picture: Pixels) => (await face(picture)).quality;
    const best = await grade(cutOut);
    const sharpness = [best.sharpness];
    for (const factor of [2, 4, 8]) sharpness.push((await grade(blurred(cutOut, factor))).sharpness);
    assert.deepEqual(
      sharpness,
      sharpness.toSorted((a, b) => b - a),
    );
    assert.ok(sharpness[3] < 0.1, `eight times blurred: ${sharpness[3]}`);
    const dark = await grade(mapped(cutOut, (v) => v * 0.12));
    const burnt = await grade(mapped(cutOut, (v) => v * 2.5));
    assert.ok(best.exposure > 0.9 && dark.exposure < 0.3 && burnt.exposure < 0.5);
    const small = await grade(shrink(cutOut, Math.round(cutOut.width / 4), Math.round(cutOut.height / 4)));
    assert.ok(best.size === 1 && small.size < 0.4);
    for (const worse of [dark, burnt, small]) assert.ok(worse.score < best.score);
  });
});
