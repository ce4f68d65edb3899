import assert from "node:assert/strict";
import { test } from "node:test";
import type { KtpField } from "../../../src/vision/facts.ts";
import {
  ASIDE,
  cardRows,
  LABEL,
  linesOf,
  type Rows,
  understandLines,
  understandRows,
  VALUE,
} from "./lines.ts";

const PLAIN: Readonly<Record<KtpField, string>> = {
  province: "JAWA BARAT",
  city: "KABUPATEN BANDUNG BARAT",
  nik: "3217015803900002",
  name: "SITI NURHALIZA",
  birth_place: "BANDUNG",
  birth_date: "1990-03-18",
  gender: "PEREMPUAN",
  blood_type: "B",
  address: "JL. MERDEKA NO. 62",
  rt_rw: "001/024",
  village: "LEMBANG",
  district: "LEMBANG",
  religion: "ISLAM",
  marital_status: "BELUM KAWIN",
  occupation: "KARYAWAN SWASTA",
  nationality: "WNI",
  valid_until: "SEUMUR HIDUP",
};

const valuesOf = ({ fields }: { fields: Readonly<Record<string, { value: string | null }>> }) =>
  Object.fromEntries(Object.entries(fields).map(([name, { value }]) => [name, value]));

/** Row numbers of {@link cardRows}. */
const AT = {
  province: 0,
  city: 1,
  nik: 2,
  name: 3,
  birth: 4,
  gender: 5,
  address: 6,
  rtRw: 7,
  village: 8,
  district: 9,
  religion: 10,
  marital: 11,
  occupation: 12,
  nationality: 13,
  until: 14,
} as const;

const row = (label: string, value: string): Rows[number] => [
  [LABEL, label],
  [VALUE, value],
];

test("every field of a plain card is named, and every check passes", async () => {
  const understood = await understandRows(cardRows());
  assert.deepEqual(valuesOf(understood), PLAIN);
  assert.deepEqual(
    understood.checks.filter(({ ok }) => !ok),
    [],
  );
  assert.ok(understood.fields.nik.confidence > 0.9);
});

/** What changes on the card, and what is then read otherwise than on the plain one. */
const VARIANTS: readonly (readonly [
  what: string,
  changed: Readonly<Record<number, Rows[number] | null>>,
  expected: Partial<Record<KtpField, string | null>>,
])[] = [
  ["a colon tight on the label", { [AT.religion]: row("Agama:", "KRISTEN") }, { religion: "KRISTEN" }],
  ["a colon before the value", { [AT.name]: row("Nama", ": BUDI I SANTOSO") }, { name: "BUDI I SANTOSO" }],
  [
    "label and value in one box",
    { [AT.religion]: [[LABEL, `${"Agama".padEnd(18)}: HINDU`]] },
    { religion: "HINDU" },
  ],
  [
    "a colon read as a letter",
    {
      [AT.village]: [
        [60, "Kel/Desa"],
        [VALUE - 22, "E"],
        [VALUE, "LEMBANG"],
      ],
    },
    {},
  ],
  [
    "labels with small letters",
    {
      [AT.gender]: [
        [LABEL, "Jenis kelamin"],
        [VALUE, "LAKI-LAKI"],
        [480, "Gol Darah :-"],
      ],
    },
    { gender: "LAKI-LAKI", blood_type: "-" },
  ],
  [
    "labels misread",
    { [AT.marital]: row("Stalus Perkawlnan", "KAWIN"), [AT.nationality]: row("Kewarganegaraan", "WNl") },
    { marital_status: "KAWIN" },
  ],
  ["a label that was not read", { [AT.religion]: [[VALUE, "KATHOLIK"]] }, { religion: "KATHOLIK" }],
  [
    "two labels that were not read",
    { [AT.marital]: [[VALUE, "CERAI HIDUP"]], [AT.occupation]: [[VALUE, "DOSEN"]] },
    { marital_status: "CERAI HIDUP", occupation: "DOSEN" },
  ],
  ["a value that was not read", { [AT.occupation]: [[LABEL, "Pekerjaan"]] }, { occupation: null }],
  ["a row that was not read", { [AT.religion]: null }, { religion: null }],
  [
    "place of issue on the height of a value",
    { [AT.religion]: [...row("Agama", "ISLAM"), [ASIDE, "KOTA CIMAHI"]] },
    {},
  ],
  ["a value that reads like a label", { [AT.name]: row("Nama", "NIKO AGAMA") }, { name: "NIKO AGAMA" }],
  [
    "no spaces in the headline",
    { [AT.province]: [[330, "PROVINSIJAWABARAT"]], [AT.city]: [[330, "KABUPATENBANDUNGBARAT"]] },
    {},
  ],
  [
    "a noisy headline",
    { [AT.province]: [[330, "PR0VINSI JAWA BABAT"]], [AT.city]: [[330, "KABUPATEN BANDUNC BARAT"]] },
    {},
  ],
  ["no comma in the birth line", { [AT.birth]: row("Tempat/Tgl Lahir", "BANDUNG 18031990") }, {}],
  [
    "a full stop in the birth line",
    { [AT.birth]: row("Tempat/Tgl Lahir", "KOTA MUNGKID. 18-03-1990") },
    { birth_place: "KOTA MUNGKID" },
  ],
  [
    "letters among digits",
    { [AT.rtRw]: row("RT/RW", "O01/O24"), [AT.birth]: row("Tempat/Tgl Lahir", "BANDUNG, l8-O3-199O") },
    {},
  ],
  ["the rest of a colon before RT/RW", { [AT.rtRw]: row("RT/RW", "D 020/019") }, { rt_rw: "020/019" }],
  ["a limited validity", { [AT.until]: row("Berlaku Hingga", "18-03-2017") }, { valid_until: "2017-03-18" }],
  ["SEUMURHIDUP without its space", { [AT.until]: row("Berlaku Hingga", "SEUMURHlDUP") }, {}],
  ["digits in a name", { [AT.name]: row("Nama", "1 GEDE FAJ4R") }, { name: "I GEDE FAJAR" }],
  ["a degree", { [AT.name]: row("Nama", "RIYANTO. SE") }, { name: "RIYANTO. SE" }],
  [
    "a zero for an O in an address",
    { [AT.address]: row("Alamat", "PERUM YANI N0.74") },
    { address: "PERUM YANI NO.74" },
  ],
  ["block numbers stay", { [AT.address]: row("Alamat", "BLOK C5 NO. 12B") }, { address: "BLOK C5 NO. 12B" }],
  [
    "an occupation off the list",
    { [AT.occupation]: row("Pekerjaan", "PAWANG HUJAN") },
    { occupation: "PAWANG HUJAN" },
  ],
  [
    "an occupation nearly on it",
    { [AT.occupation]: row("Pekerjaan", "PELAJARMAHASISWA") },
    { occupation: "PELAJAR/MAHASISWA" },
  ],
  [
    "a district with a letter off",
    {
      [AT.district]: [
        [60, "Kecamatan"],
        [VALUE, "LEMBANC"],
      ],
    },
    {},
  ],
  ["a foreigner", { [AT.nationality]: row("Kewarganegaraan", "WNA JEPANG") }, { nationality: "WNA JEPANG" }],
];
for (const [what, changed, expected] of VARIANTS) {
  test(`read rightly: ${what}`, async () => {
    assert.deepEqual(valuesOf(await understandRows(cardRows(changed))), { ...PLAIN, ...expected });
  });
}

test("a comma that ends a line before the value goes on is the value's own; one that ends the value is not", async () => {
  const rows = cardRows({ [AT.name]: row("Nama", "SITI NURHALIZA,") });
  const long = [...rows.slice(0, 4), [[VALUE, "S.PD., M.PD.,"]] as const, ...rows.slice(4)];
  const { name } = valuesOf(await understandRows(long));
  assert.equal(name, "SITI NURHALIZA, S.PD., M.PD.");
});

test("a name over two lines and an address over three", async () => {
  const rows = cardRows();
  const long = [
    ...rows.slice(0, 4),
    [[VALUE, "BINTI ABDULLAH"]] as const,
    ...rows.slice(4, 7),
    [[VALUE, "KAMPUNG BARU"]] as const,
    [[VALUE, "BLOK F11 KAV 73"]] as const,
    ...rows.slice(7),
  ];
  const read = valuesOf(await understandRows(long));
  assert.deepEqual(read, {
    ...PLAIN,
    name: "SITI NURHALIZA BINTI ABDULLAH",
    address: "JL. MERDEKA NO. 62 KAMPUNG BARU BLOK F11 KAV 73",
  });
});

test("a tilted card is read as a level one", async () => {
  assert.deepEqual(valuesOf(await understandLines(linesOf(cardRows(), 0.08))), PLAIN);
});

test("old names of provinces are taken, and stay as they are printed", async () => {
  const aceh = cardRows({
    [AT.province]: [[330, "PROVINSI NANGGROE ACEH DARUSSALAM"]],
    [AT.city]: [[330, "KABUPATEN ACEH BESAR"]],
  });
  const { fields } = await understandRows(aceh);
  assert.equal(fields.province.value, "NANGGROE ACEH DARUSSALAM");
  assert.equal(fields.city.value, "KABUPATEN ACEH BESAR");
});

test("a city of Jakarta keeps what is printed", async () => {
  for (const city of ["JAKARTA SELATAN", "KOTA ADMINISTRASI JAKARTA SELATAN", "KOTA ADM. JAKARTA SELATAN"]) {
    const rows = cardRows({ [AT.province]: [[330, "PROVINSI DKI JAKARTA"]], [AT.city]: [[330, city]] });
    assert.equal((await understandRows(rows)).fields.city.value, city);
  }
});

test("what the list corrects says so, keeps what was read, and is not said with certainty", async () => {
  const { fields } = await understandRows(
    cardRows({
      [AT.district]: [
        [60, "Kecamatan"],
        [VALUE, "LEMBANC"],
      ],
    }),
  );
  assert.deepEqual(
    [fields.district.value, fields.district.raw, fields.district.source],
    ["LEMBANG", "LEMBANC", "gazetteer"],
  );
  assert.ok(fields.district.confidence < 0.95);
});

test("a NIK that contradicts the card fails its checks and is not sure", async () => {
  const { fields, checks } = await understandRows(cardRows({ [AT.nik]: row("NIK", "3217011903850002") }));
  const failed = checks.filter(({ ok }) => !ok).map(({ name }) => name);
  assert.deepEqual(failed, ["nik_birth_date", "nik_gender"]);
  assert.equal(fields.nik.value, "3217011903850002");
  assert.ok(fields.nik.confidence < 0.9);
});

test("an ambiguous digit that the card settles is mended, says so, and keeps what was read", async () => {
  const printed = PLAIN.nik;
  const misread = `${printed.slice(0, 10)}8${printed.slice(11)}`;
  const lines = linesOf(cardRows({ [AT.nik]: row("NIK", misread) })).map((line) => {
    if (!line.letters.some(({ char }) => char === "8") || line.letters.length !== printed.length) return line;
    const { alphabet, chances } = line.reading;
    const at = line.letters[10].from * alphabet.length;
    chances[at + alphabet.indexOf("8")] = 0.55;
    chances[at + alphabet.indexOf("9")] = 0.4;
    return line;
  });
  const { fields, checks } = await understandLines(lines);
  assert.deepEqual([fields.nik.value, fields.nik.raw, fields.nik.source], [printed, misread, "nik"]);
  assert.ok(checks.every(({ name, ok }) => ok || !name.startsWith("nik_")));
});

test("a NIK of fifteen digits is null with its raw text", async () => {
  const { fields, checks } = await understandRows(cardRows({ [AT.nik]: row("NIK", "321701580390002") }));
  assert.deepEqual([fields.nik.value, fields.nik.raw], [null, "321701580390002"]);
  assert.equal(checks.find(({ name }) => name === "nik_structure")?.ok, false);
});

test("nothing read gives nulls and no checks", async () => {
  const { fields, checks } = await understandRows([]);
  for (const fact of Object.values(fields))
    assert.deepEqual([fact.value, fact.raw, fact.confidence], [null, null, 0]);
  assert.deepEqual(checks, []);
});
