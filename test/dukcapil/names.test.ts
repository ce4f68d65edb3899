import assert from "node:assert/strict";
import { test } from "node:test";
import { nameScore, SAME_NAME_SCORE, sameLetters } from "../../src/dukcapil/names.ts";
import { compareParticulars, matchScore } from "../../src/dukcapil/particulars.ts";

/** One person's name, written in two ways. */
const SAME: readonly (readonly [string, string])[] = [
  ["BUDI SANTOSO", "Budi Santoso"],
  ["BUDI SANTOSO", "BUDISANTOSO"],
  ["BUDI SANTOSO", "BUDI  SANTOSO."],
  ["NUR'AINI", "NURAINI"],
  ["NUR AINI", "NURAINI"],
  ["M. RIDWAN", "MUHAMMAD RIDWAN"],
  ["MOH. RIDWAN", "MUHAMMAD RIDWAN"],
  ["MOCH RIDWAN KAMIL", "MOCHAMAD RIDWAN KAMIL"],
  ["MUH. RIDWAN", "MOHAMMAD RIDWAN"],
  ["MUHAMAD RIZKI", "MUHAMMAD RIZKY"],
  ["ABD. RAHMAN", "ABDUL RAHMAN"],
  ["ABDUL ROHMAN", "ABDUL RAHMAN"],
  ["ABDURRAHMAN", "ABDUL RAHMAN"],
  ["ACHMAD FAUZI", "AHMAD FAUZI"],
  ["A. FAUZI", "AHMAD FAUZI"],
  ["ST. AMINAH", "SITI AMINAH"],
  ["SITI AMINAH", "SITI AMINA"],
  ["SOEKARNO", "SUKARNO"],
  ["SOEHARTO", "SUHARTO"],
  ["DJOKO SOESILO", "JOKO SUSILO"],
  ["TJAHJO KUMOLO", "CAHYO KUMOLO"],
  ["YUSUF KALLA", "JUSUF KALLA"],
  ["RIYANTO, SE", "RIYANTO. SE"],
  ["RIYANTO, S.E., M.M.", "RIYANTO"],
  ["RIYANTO S.PD", "RIYANTO"],
  ["AGUSRIYANTO.S.PD", "AGUS RIYANTO"],
  ["DR. H. RIYANTO, M.SI", "RIYANTO"],
  ["HJ. DEWI SARTIKA", "DEWI SARTIKA"],
  ["PROF. DR. IR. SUTAMI", "SUTAMI"],
  ["DRS. BAMBANG WIDODO M.PD.", "BAMBANG WIDODO"],
  ["R. AGUS SALIM", "AGUS SALIM"],
  ["JOSÉ SILVA", "JOSE SILVA"],
  ["BAMBANG PAMUNGKAS", "BAMBANG PAMUNGKA5"],
  ["SANTOSO BUDI", "BUDI SANTOSO"],
  ["EKO B. PRASETYO", "EKO BUDI PRASETYO"],
  ["WAHYU TRI HANDAYANI", "WAHYUTRI HANDAYANI"],
];

/** Two people. */
const DIFFERENT: readonly (readonly [string, string])[] = [
  ["JOHN DOE", "JANE DOE"],
  ["BUDI SANTOSO", "BUDI HARTONO"],
  ["BUDI SANTOSO", "DEDI SANTOSO"],
  ["BUDI SANTOSO", "SITI AMINAH"],
  ["MUHAMMAD RIDWAN", "MUHAMMAD RIZAL"],
  ["M. RIDWAN", "MUHAMMAD IQBAL"],
  ["SITI AMINAH", "SITI NURHALIZA"],
  ["SITI", "SITI AMINAH RAHMAWATI"],
  ["MUHAMMAD", "MUHAMMAD RIDWAN KAMIL"],
  ["AGUS", "BAGUS SETIAWAN"],
  ["RINA MARLINA", "RINI MARLENA SARI"],
  ["DEWI SARTIKA", "DEWI PERSIK"],
  ["H. AHMAD", "H. ASEP"],
  ["DR. SUTOMO", "DR. SUTAMI"],
  ["WAYAN SUDIRA", "MADE SUDIRA"],
  ["ANDI WIJAYA", "ANDRI JAYA"],
  ["SRI WAHYUNI", "TRI WAHYUDI"],
  ["A", "AHMAD FAUZI"],
];

test("a name written in two ways is one name", () => {
  for (const [a, b] of SAME) {
    const score = nameScore(a, b)!;
    assert.ok(score >= SAME_NAME_SCORE, `${a} / ${b}: ${score}`);
    assert.equal(nameScore(b, a), score, "it does not matter who is asked first");
  }
});

test("two names are two", () => {
  for (const [a, b] of DIFFERENT) {
    const score = nameScore(a, b)!;
    assert.ok(score < SAME_NAME_SCORE, `${a} / ${b}: ${score}`);
    assert.equal(nameScore(b, a), score);
  }
});

test("the score is 1 for the same letters only, and stays within 0 and 1", () => {
  assert.equal(nameScore("JOHN DOE", "john-doe"), 1);
  assert.equal(nameScore("Dr. JOHN DOE, S.H.", "JOHN DOE"), 1);
  assert.ok(nameScore("JOHN DOE", "JOHN DOEE")! < 1);
  assert.ok(nameScore("M. ALI", "MUHAMMAD ALI")! < 1);
  assert.equal(nameScore("ABC", "XYZ"), 0);
  assert.equal(nameScore("", "JOHN"), null);
  assert.equal(nameScore("...", "JOHN"), null);
  for (const [a, b] of [...SAME, ...DIFFERENT]) {
    const score = nameScore(a, b)!;
    assert.ok(score >= 0 && score <= 1);
  }
});

test("whoever is called nothing but a title or a degree keeps the name", () => {
  assert.equal(nameScore("HAJI", "HAJI"), 1);
  assert.equal(nameScore("RADEN, SE", "RADEN"), 1);
  assert.equal(nameScore(", SE", "SE"), 1);
  assert.ok(nameScore("HAJI", "RADEN")! < SAME_NAME_SCORE);
});

test("the same letters", () => {
  assert.ok(sameLetters("JOHN DOE", "John-Doe."));
  assert.ok(sameLetters("RIYANTO, SE", "RIYANTO. SE"));
  assert.ok(!sameLetters("RIYANTO, SE", "RIYANTO"));
  assert.ok(!sameLetters("JOHN DOE", "JOHN D0E"));
});

test("particulars: what is not known does not count", () => {
  const card = { nik: "3201234567890001", name: "JOHN DOE", birthPlace: "JAKARTA", birthDate: "1990-01-15" };
  const registry = { name: "JOHN DOE", birthPlace: "JAKARTA", birthDate: "1990-01-15" };
  const score = (query: Partial<typeof card>, known: Partial<Record<keyof typeof registry, string | null>>) =>
    matchScore(compareParticulars({ ...card, ...query }, { ...registry, ...known }));
  assert.equal(score({}, {}), 1);
  assert.equal(score({}, { birthPlace: null, birthDate: null }), 1);
  assert.equal(score({}, { birthDate: "1971-11-30" }), 0.7);
  assert.equal(score({}, { birthDate: "1990-01-16" }), 0.85, "one digit");
  assert.equal(
    score({ birthDate: "1990-05-02" }, { birthDate: "1990-02-05" }),
    0.85,
    "day and month exchanged",
  );
  assert.equal(score({}, { birthPlace: "XXXXXXX" }), 0.9);
  assert.equal(score({}, { name: null, birthPlace: null, birthDate: null }), null);
  assert.equal(score({ name: "ZZZ" }, {}), 0.4);
});
