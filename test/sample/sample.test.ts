import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { getDistricts, getRegencies } from "idn-area-data";
import { FACES } from "../../src/sample/faces.ts";
import {
  drawKtp,
  drawNotAKtp,
  drawSelfie,
  type EFFECT_NAMES,
  type Level,
  makeCitizen,
  photographKtp,
  type SampleCitizen,
  writeSamples,
} from "../../src/sample/sample.ts";
import { KTP_FIELDS } from "../../src/vision/facts.ts";
import { perspective, transform } from "../../src/vision/geometry.ts";
import { decodeImage } from "../../src/vision/image.ts";

const RELIGIONS = [
  "ISLAM",
  "KRISTEN",
  "KATHOLIK",
  "KATOLIK",
  "HINDU",
  "BUDDHA",
  "BUDHA",
  "KHONGHUCU",
  "KEPERCAYAAN TERHADAP TUHAN YME",
];
const MARITAL_STATUSES = [
  "BELUM KAWIN",
  "KAWIN",
  "CERAI HIDUP",
  "CERAI MATI",
  "KAWIN TERCATAT",
  "KAWIN BELUM TERCATAT",
];
const isDate = (text: string) =>
  /^\d{4}-\d{2}-\d{2}$/.test(text) && new Date(`${text}T00:00:00Z`).toISOString().startsWith(text);

describe("sample citizens", () => {
  let citizens: SampleCitizen[] = [];
  before(async () => {
    citizens = await Promise.all(Array.from({ length: 500 }, (_, index) => makeCitizen(7, index)));
  });

  it("have a NIK that holds their district, birth date and gender", async () => {
    const districts = new Map((await getDistricts()).map(({ code, name }) => [code, name.toUpperCase()]));
    let moved = 0;
    for (const { nik, birth_date, gender, district } of citizens) {
      assert.match(nik, /^\d{16}$/);
      const code = `${nik.slice(0, 2)}.${nik.slice(2, 4)}.${nik.slice(4, 6)}`;
      assert.ok(districts.has(code), code);
      if (districts.get(code) !== district) moved++;
      const day = Number(nik.slice(6, 8));
      assert.equal(day > 40, gender === "PEREMPUAN");
      const [year, month, date] = birth_date.split("-");
      assert.equal(day % 40, Number(date));
      assert.equal(nik.slice(8, 12), month + year.slice(2));
      assert.ok(Number(nik.slice(12)) >= 1);
    }
    assert.ok(moved > 5 && moved < 50, `${moved} of 500 moved away from where their NIK was issued`);
  });

  it("live in a place of the ministry's list, and in every province", async () => {
    const cities = new Set((await getRegencies()).map(({ name }) => name));
    for (const { city } of citizens)
      assert.ok(cities.has(city) || cities.has(`KOTA ADMINISTRASI ${city}`), city);
    assert.equal(new Set(citizens.map(({ province }) => province)).size, 38);
    assert.ok(citizens.every(({ province }) => !province.startsWith("PROVINSI")));
  });

  it("carry values in the wire's forms and from the closed lists", () => {
    for (const citizen of citizens) {
      for (const field of KTP_FIELDS) {
        assert.ok(citizen[field].length > 0, field);
        assert.equal(citizen[field], citizen[field].toUpperCase(), field);
        assert.doesNotMatch(citizen[field], /^\s|\s$|\s\s|^:/, field);
      }
      assert.ok(isDate(citizen.birth_date) && isDate(citizen.issue_date));
      assert.ok(citizen.valid_until === "SEUMUR HIDUP" || isDate(citizen.valid_until));
      assert.ok(RELIGIONS.includes(citizen.religion), citizen.religion);
      assert.ok(MARITAL_STATUSES.includes(citizen.marital_status), citizen.marital_status);
      assert.match(citizen.rt_rw, /^\d{3}\/\d{3}$/);
      assert.match(citizen.blood_type, /^(-|(A|B|AB|O)[+-]?)$/);
      const age = Number(citizen.issue_date.slice(0, 4)) - Number(citizen.birth_date.slice(0, 4));
      assert.ok(age >= 17 && age < 100, `a card at the age of ${age}`);
    }
  });

  it("are the same for the same seed, and others for another", async () => {
    assert.deepEqual(await makeCitizen(7, 123), citizens[123]);
    assert.notEqual((await makeCitizen(8, 123)).nik, citizens[123].nik);
    assert.equal(new Set(citizens.map(({ nik }) => nik)).size, citizens.length);
  });

  it("have a face of their gender, and another than their neighbours'", () => {
    for (const [i, { face, gender }] of citizens.entries()) {
      assert.equal(FACES.find(({ id }) => id === face)?.gender, gender);
      if (i > 0) assert.notEqual(face, citizens[i - 1].face);
    }
    assert.equal(new Set(citizens.map(({ face }) => face)).size, FACES.length);
  });

  it("name Jakarta's cities in both of their spellings", async () => {
    const many = await Promise.all(Array.from({ length: 1500 }, (_, index) => makeCitizen(8, index)));
    const jakarta = many.filter(({ province }) => province === "DKI JAKARTA");
    assert.ok(jakarta.some(({ city }) => city.startsWith("KOTA ADMINISTRASI ")));
    assert.ok(jakarta.some(({ city }) => city.startsWith("JAKARTA ")));
  });

  it("differ in length and kind: one word, two lines, expired cards", () => {
    assert.ok(citizens.some(({ name }) => !name.includes(" ")));
    assert.ok(citizens.some(({ name }) => name.length > 28));
    assert.ok(citizens.some(({ address }) => address.length > 30));
    const expiring = citizens.filter(({ valid_until }) => valid_until !== "SEUMUR HIDUP").length;
    assert.ok(expiring > 10 && expiring < 150, `${expiring} cards with a date`);
  });
});

describe("sample pictures", () => {
  it("have the same bytes for the same citizen, at every level", async () => {
    const citizen = await makeCitizen(3, 1);
    const seen = new Set<string>();
    for (const level of [0, 1, 2, 3] satisfies Level[]) {
      const first = await drawKtp(citizen, { level });
      if (level % 2 === 0) assert.deepEqual(await drawKtp(citizen, { level }), first);
      seen.add(Buffer.from(first).toString("base64"));
      const { width, height } = await decodeImage(first);
      assert.ok(Math.max(width, height) >= 480, `${width} × ${height} at level ${level}`);
    }
    assert.equal(seen.size, 4, "each level gives a picture of its own");
    assert.deepEqual(await drawSelfie(citizen), await drawSelfie(citizen));
    assert.notDeepEqual(await drawKtp(await makeCitizen(3, 2)), await drawKtp(citizen));
  });

  it("tell where the card is, also in pictures that are stored turned", async () => {
    const citizen = await makeCitizen(1, 0);
    const { jpeg, corners, effects } = await photographKtp(citizen, { level: 2 });
    assert.ok(effects.includes("exif") && effects.includes("quarter-turn"), `${effects}`);
    const picture = await decodeImage(jpeg);
    for (const [x, y] of corners) assert.ok(x >= 0 && y >= 0 && x < picture.width && y < picture.height);
    // The middle of the portrait's ground beside the head, found through the corners: red or blue, not the table.
    const card = perspective(
      [
        [0, 0],
        [1, 0],
        [1, 1],
        [0, 1],
      ],
      corners,
    );
    const [x, y] = transform(card, [0.748, 0.235]).map(Math.round);
    const at = (y * picture.width + x) * 3;
    const odd = Number(citizen.birth_date.slice(0, 4)) % 2 === 1;
    const [red, , blue] = picture.data.subarray(at, at + 3);
    assert.ok(odd ? red > 1.5 * blue : blue > 1.3 * red, `${red} ${blue}`);
  });

  it("have one effect alone, as strong as it is asked for, and the rest as it was", async () => {
    const citizen = await makeCitizen(3, 1);
    const draw = (name: (typeof EFFECT_NAMES)[number], strength: number) =>
      photographKtp(citizen, { effects: [{ name, strength }] });
    const mean = ({ data }: { data: Uint8Array }) => data.reduce((sum, v) => sum + v, 0) / data.length;
    const [weak, strong] = await Promise.all([draw("dark", 0.2), draw("dark", 0.9)]);
    assert.deepEqual(weak.effects, ["dark"]);
    assert.deepEqual(strong.corners, weak.corners);
    assert.deepEqual(await draw("dark", 0.2), weak);
    assert.ok(mean(await decodeImage(strong.jpeg)) < 0.6 * mean(await decodeImage(weak.jpeg)));
    const { corners, jpeg } = await draw("cropped", 0.5);
    const { width, height } = await decodeImage(jpeg);
    assert.ok(corners.some(([x, y]) => x < 0 || y < 0 || x > width || y > height));
    await assert.rejects(draw("glare", 2), RangeError);
    await assert.rejects(draw("fog" as "glare", 0.5), /there is no effect fog/);
  });

  it("show a scan in the proportions of an ID-1 card at level 0", async () => {
    const { width, height } = await decodeImage(await drawKtp(await makeCitizen(3, 4)));
    assert.ok(width >= 1280 && width <= 1600);
    assert.ok(Math.abs(width / height - 85.6 / 53.98) < 0.005);
  });

  it("put the portrait of those born in odd years on red, of the others on blue", async () => {
    for (const index of [0, 1, 2, 3]) {
      const citizen = await makeCitizen(3, index);
      const { data, width } = await decodeImage(await drawKtp(citizen));
      // A spot in the portrait's upper corner, above every shoulder.
      const at = (Math.round(0.143 * width) * width + Math.round(0.745 * width)) * 3;
      const odd = Number(citizen.birth_date.slice(0, 4)) % 2 === 1;
      assert.equal(data[at] > data[at + 2], odd, citizen.birth_date);
    }
  });

  it("show selfies upright and large enough", async () => {
    const { width, height } = await decodeImage(await drawSelfie(await makeCitizen(3, 0)));
    assert.ok(width >= 720 && height > width);
  });

  it("show no card where none is wanted, the same for the same seed", async () => {
    for (const kind of ["landscape", "npwp"] as const) {
      const bytes = await drawNotAKtp(1, kind);
      assert.deepEqual(await drawNotAKtp(1, kind), bytes);
      assert.notDeepEqual(await drawNotAKtp(2, kind), bytes);
    }
  });
});

describe("a folder of samples", () => {
  it("holds a card, a selfie and the truth for each number", async () => {
    const out = await mkdtemp(join(tmpdir(), "samples-"));
    try {
      const citizens = await writeSamples({ seed: 5, count: 2, out: join(out, "new") });
      assert.deepEqual((await readdir(join(out, "new"))).sort(), [
        "ktp-0001.jpg",
        "ktp-0002.jpg",
        "pairs.csv",
        "photographs.json",
        "selfie-0001.jpg",
        "selfie-0002.jpg",
        "truth.json",
      ]);
      const truth = JSON.parse(await readFile(join(out, "new", "truth.json"), "utf8"));
      assert.deepEqual(Object.keys(truth), ["ktp-0001.jpg", "ktp-0002.jpg"]);
      assert.deepEqual(Object.keys(truth["ktp-0001.jpg"]), [...KTP_FIELDS]);
      for (const field of KTP_FIELDS) assert.equal(truth["ktp-0002.jpg"][field], citizens[1][field]);
      assert.deepEqual((await readFile(join(out, "new", "pairs.csv"), "utf8")).split("\n"), [
        "file_x,file_y,Decision",
        "ktp-0001.jpg,selfie-0001.jpg,Yes",
        "ktp-0001.jpg,selfie-0002.jpg,No",
        "ktp-0002.jpg,selfie-0002.jpg,Yes",
        "ktp-0002.jpg,selfie-0001.jpg,No",
        "",
      ]);
      const written = await readFile(join(out, "new", "ktp-0001.jpg"));
      assert.deepEqual(new Uint8Array(written), new Uint8Array(await drawKtp(citizens[0])));
    } finally {
      await rm(out, { recursive: true });
    }
  });
});
