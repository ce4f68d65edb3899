import assert from "node:assert/strict";
import { test } from "node:test";
import { bloodLabelIn, labelAt } from "../../../src/vision/ktp/labels.ts";
import { cityPrefix } from "../../../src/vision/ktp/place.ts";
import { findRegion, openGazetteer } from "../../../src/vision/ktp/regions.ts";
import { distance, distanceWithin } from "../../../src/vision/ktp/text.ts";
import {
  address,
  bloodType,
  dateAtEnd,
  digits,
  fromList,
  GENDERS,
  MARITAL_STATUSES,
  name,
  nationality,
  type Parsed,
  RELIGIONS,
  rtRw,
  validUntil,
} from "../../../src/vision/ktp/values.ts";

/** Each reader with what it makes of a text; null where it takes none of it. */
const TABLE: readonly (readonly [
  what: string,
  read: (text: string) => Parsed | null,
  cases: Readonly<Record<string, string | null>>,
])[] = [
  [
    "date at the end",
    dateAtEnd,
    {
      "BANDUNG, 18-04-1987": "1987-04-18",
      "18-04-1987": "1987-04-18",
      "BANDUNG 18.04.1987": "1987-04-18",
      "BANDUNG, 1 8-04-1 987": "1987-04-18",
      "KAB. BANDUNG18041987": "1987-04-18",
      "BANDUNG, l8-O4-I987": "1987-04-18",
      "BANDUNG, 18-04-1987 .": "1987-04-18",
      "29-02-2000": "2000-02-29",
      "29-02-1999": null,
      "18-13-1987": null,
      "18-04-87": null,
      BANDUNG: null,
      "": null,
    },
  ],
  [
    "RT/RW",
    rtRw,
    {
      "001/024": "001/024",
      "O01/0Z4": "001/024",
      "001 / 024": "001/024",
      "001|024": "001/024",
      "001024": "001/024",
      "0011024": "001/024",
      "E 020/019": "020/019",
      "00/00": "00/00",
      "001/": null,
      "ABX/001": null,
      "0001/024": null,
    },
  ],
  [
    "blood type",
    bloodType,
    {
      O: "O",
      "0": "O",
      A: "A",
      AB: "AB",
      "A+": "A+",
      "8": "B",
      "B-": "B-",
      "-": "-",
      ": O": "O",
      X: null,
      ABO: null,
      "": null,
    },
  ],
  [
    "gender",
    (text) => fromList(text, GENDERS, 0.4),
    {
      "LAKI-LAKI": "LAKI-LAKI",
      LAKILAKI: "LAKI-LAKI",
      "LAK1-LAKl": "LAKI-LAKI",
      PEREMPUAN: "PEREMPUAN",
      PEREMPUAM: "PEREMPUAN",
      ISLAM: null,
    },
  ],
  [
    "religion",
    (text) => fromList(text, RELIGIONS),
    {
      ISLAM: "ISLAM",
      "1SLAM": "ISLAM",
      KATOLIK: "KATOLIK",
      KATHOLIK: "KATHOLIK",
      BUDDHA: "BUDDHA",
      BUDHA: "BUDHA",
      KEPERCAYAANTERHADAPTUHANYME: "KEPERCAYAAN TERHADAP TUHAN YME",
      WNI: null,
    },
  ],
  [
    "marital status",
    (text) => fromList(text, MARITAL_STATUSES),
    {
      KAWIN: "KAWIN",
      BELUMKAWIN: "BELUM KAWIN",
      "CERAl HIDUP": "CERAI HIDUP",
      "CERAI MATI": "CERAI MATI",
      "KAWIN BELUM TERCATAT": "KAWIN BELUM TERCATAT",
      WIRASWASTA: null,
    },
  ],
  [
    "nationality",
    nationality,
    {
      WNI: "WNI",
      WN1: "WNI",
      "8 WNI": "WNI",
      "WNA JEPANG": "WNA JEPANG",
      WNAJEPANG: "WNA JEPANG",
      "AMERIKA SER1KAT": "AMERIKA SERIKAT",
      UNITEDSTATES: "UNITED STATES",
      KOREASELATAN: "KOREA SELATAN",
      "02-05-2017": null,
      "": null,
    },
  ],
  [
    "validity",
    validUntil,
    { "SEUMUR HIDUP": "SEUMUR HIDUP", SEUMURHlDUP: "SEUMUR HIDUP", "18-04-2017": "2017-04-18", WNI: null },
  ],
  [
    "name",
    name,
    {
      "BUDI SANTOSO": "BUDI SANTOSO",
      "SIT1 AMINAH": "SITI AMINAH",
      ". RIYANTO, S.KOM": "RIYANTO, S.KOM",
      "M. D'ARCY": "M. D'ARCY",
      "--": null,
    },
  ],
  [
    "address",
    address,
    {
      "JL MAWAR N0. 5": "JL MAWAR NO. 5",
      "NO. 1O7": "NO. 107",
      "BLOK C5": "BLOK C5",
      "JL MEL4TI": "JL MELATI",
      "RT 05 RW 12A": "RT 05 RW 12A",
      "": null,
    },
  ],
  ["digits", digits, { "3217": "3217", "32l7": "3217", "3 2 1 7": "3217", "32X7": null }],
];
for (const [what, read, cases] of TABLE) {
  test(`${what}: ${Object.keys(cases).length} texts`, () => {
    for (const [text, expected] of Object.entries(cases))
      assert.equal(read(text)?.value ?? null, expected, JSON.stringify(text));
  });
}

test("what had to be mended is less sure", () => {
  assert.equal(digits("3217")?.sure, 1);
  assert.ok((digits("32l7")?.sure ?? 1) < 1);
  assert.ok((fromList("1SLAM", RELIGIONS)?.sure ?? 1) < 1);
});

test("labels are known in many spellings, and end where they end", () => {
  const cases: Readonly<Record<string, readonly [field: string, rest: string] | null>> = {
    NIK: ["nik", ""],
    "NIK : 3217": ["nik", " : 3217"],
    NIK3217065803900002: ["nik", "3217065803900002"],
    "Tempat/Tgl Lahir : BANDUNG": ["birth_place", " : BANDUNG"],
    "Tempat / Tgl. Lahir": ["birth_place", ""],
    "Jenis kelamin": ["gender", ""],
    "Kel/Desa:": ["village", ":"],
    "RT / RW": ["rt_rw", ""],
    AgamaISLAM: ["religion", "ISLAM"],
    "Stalus Perkawlnan": ["marital_status", ""],
    "Kewarganegaraan: WNI": ["nationality", ": WNI"],
    NIKO: null,
    NAMAH: null,
    "BUDI SANTOSO": null,
    "SEUMUR HIDUP": null,
  };
  for (const [text, expected] of Object.entries(cases)) {
    const found = labelAt(text);
    assert.deepEqual(found && [found.field, text.slice(found.end)], expected, text);
  }
});

test("the blood type's label is found inside the gender's line, and not in an address", () => {
  for (const text of [
    "LAKI-LAKI Gol. Darah : O",
    "PEREMPUAN Gol Darah:-",
    "LAKI-LAKI GolDarah AB",
    "Gol Darah",
  ]) {
    const at = bloodLabelIn(text);
    assert.match(text.slice(at?.from, at?.to), /^Gol\.? ?Darah$/);
  }
  for (const text of ["JL. RAYA BOGOR 41", "GG. MAWAR", "GOLOKAN", "LAKI-LAKI"])
    assert.equal(bloodLabelIn(text), null, text);
});

test("the kind of a city is told from its name", () => {
  const of = (text: string) => {
    const { prefix, core } = cityPrefix(text);
    return [prefix, core];
  };
  assert.deepEqual(of("KABUPATEN BANDUNG"), ["KABUPATEN", "BANDUNG"]);
  assert.deepEqual(of("KABUPATENCIANJUR"), ["KABUPATEN", "CIANJUR"]);
  assert.deepEqual(of("KABUPATEN ADMINISTRASI KEPULAUAN SERIBU"), [
    "KABUPATEN ADMINISTRASI",
    "KEPULAUAN SERIBU",
  ]);
  assert.deepEqual(of("KABUPATEN LOMBOK TIMUR"), ["KABUPATEN", "LOMBOK TIMUR"]);
  assert.deepEqual(of("KAB. ACEH UTARA"), ["KAB.", "ACEH UTARA"]);
  assert.deepEqual(of("KOTA KOTAMOBAGU"), ["KOTA", "KOTAMOBAGU"]);
  assert.deepEqual(of("KOTAMOBAGU"), ["", "KOTAMOBAGU"]);
  assert.deepEqual(of("JAKARTA SELATAN"), ["", "JAKARTA SELATAN"]);
});

test("letters that look alike are nearer than others", () => {
  assert.equal(distance("CIMAHI", "CIMAHI"), 0);
  assert.equal(distance("C1MAHI", "CIMAHI"), 0.5);
  assert.equal(distance("CAMAHI", "CIMAHI"), 1);
  assert.equal(distance("CIMAH", "CIMAHI"), 1);
});

test("a text within another is as far as its nearest part is, wherever that begins and ends", () => {
  assert.equal(distanceWithin("KARTUKELUARGA", "NO1KARTUKELUARGA3173"), 0);
  assert.equal(distanceWithin("KARTUKELUARGA", "NO1KARTUKELUAGA3173"), 1);
  assert.equal(distanceWithin("KARTUKELUARGA", "KARTUKELUARG4"), 1);
  assert.equal(distanceWithin("KARTUKELUARGA", "KARTUKELURGA"), 1);
  assert.equal(distanceWithin("KARTU", ""), 5);
  for (const [part, text] of [
    ["MENGEMUDI", "SURATIZINMENGEMUDl"],
    ["PASPOR", "JLPASARBARUNO"],
    ["NPWP", "KAWIN"],
  ]) {
    const parts = [...text].flatMap((_, from) =>
      Array.from({ length: text.length - from + 1 }, (_, n) => text.slice(from, from + n)),
    );
    assert.equal(distanceWithin(part, text), Math.min(...parts.map((some) => distance(part, some))));
  }
});

test("regions are found among those of the one above, and only where it is clear which", async () => {
  const gazetteer = await openGazetteer();
  const regency = findRegion("CIMAHL", gazetteer.regencies("32"));
  assert.equal(regency?.item.name, "KOTA CIMAHI");
  const district = findRegion("CIMAHIUTARA", gazetteer.districts("32.77"));
  assert.equal(district?.item.name, "CIMAHI UTARA");
  const villages = gazetteer.villages("32.77.03");
  assert.ok(villages.length > 2 && villages.every(({ code }) => code.startsWith("32.77.03.")));
  assert.equal(findRegion("CIMAHI", gazetteer.districts("32.77")), null, "one of three, and none is near");
  assert.equal(findRegion("XQWERTY", gazetteer.regencies(null)), null);
});

test("a card of before 2022 names the old province of what is now another", async () => {
  const gazetteer = await openGazetteer();
  const merauke = findRegion("MERAUKE", gazetteer.regencies("91"));
  assert.equal(merauke?.item.code.slice(0, 2), "93");
  assert.equal(findRegion("NANGGROE ACEH DARUSSALAM", gazetteer.provinces)?.item.code, "11");
  assert.equal(findRegion("DI YOGYAKARTA", gazetteer.provinces)?.item.code, "34");
});
