import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import {
  type DukcapilQuery,
  DukcapilQueryError,
  type DukcapilResult,
  DukcapilUnavailableError,
} from "../../src/dukcapil/dukcapil.ts";
import { kemendagriDukcapil } from "../../src/dukcapil/kemendagri.ts";
import { freePort } from "../support/ports.ts";
import { json, QUICK, type SmallServer, smallServer } from "./support.ts";

const SITI: DukcapilQuery = {
  nik: "3273014404850002",
  name: "SITI NURHALIZA",
  birthPlace: "BANDUNG",
  birthDate: "1985-04-04",
};

const AGREEING = {
  NIK: "Sesuai",
  NAMA_LGKP: "Sesuai (100)",
  TMPT_LHR: "Sesuai (100)",
  TGL_LHR: "Sesuai",
  ALAMAT: "Tidak Sesuai (0)",
};

const PAGE = {
  lastPage: true,
  numberOfElements: 1,
  sort: null,
  totalElements: 1,
  firstPage: true,
  number: 0,
  size: 1,
};

function adapter(server: SmallServer, threshold?: number) {
  return kemendagriDukcapil({
    url: server.url,
    institution: "payu indonesia",
    userId: "u-1",
    password: "p-secret",
    ipUser: "10.0.0.9",
    threshold,
    policy: { ...QUICK, tries: 2, breakAfter: 99 },
  });
}

/** The ministry's service, giving this content. */
async function ministry(t: TestContext, content: unknown, status = 200): Promise<SmallServer> {
  return smallServer(t, (_request, response) => json(response, status, { content, ...PAGE }));
}

test("what is asked is in the ministry's words", async (t) => {
  const server = await ministry(t, [AGREEING]);
  const dukcapil = adapter(server);
  await dukcapil.verify({
    ...SITI,
    address: "JL. BRAGA NO. 4",
    rtRw: "001/024",
    regionCode: "32.73.01.1001",
  });
  await dukcapil.verify({ nik: SITI.nik, name: SITI.name, regionCode: "32.73" });
  assert.deepEqual(
    server.requests.map(({ method, url }) => `${method} ${url}`),
    Array(2).fill("POST /dukcapil/get_json/payu%20indonesia/nik_verifby_elemen"),
  );
  const sender = { USER_ID: "u-1", PASSWORD: "p-secret", IP_USER: "10.0.0.9", TRESHOLD: 90 };
  assert.deepEqual(
    server.requests.map(({ body }) => JSON.parse(body)),
    [
      {
        ...sender,
        NIK: SITI.nik,
        NAMA_LGKP: "SITI NURHALIZA",
        TGL_LHR: "04-04-1985",
        TMPT_LHR: "BANDUNG",
        ALAMAT: "JL. BRAGA NO. 4",
        NO_PROP: 32,
        NO_KAB: 73,
        NO_KEC: 1,
        NO_KEL: 1001,
        NO_RT: 1,
        NO_RW: 24,
      },
      { ...sender, NIK: SITI.nik, NAMA_LGKP: "SITI NURHALIZA", NO_PROP: 32, NO_KAB: 73 },
    ],
  );
});

test("verdicts", async (t) => {
  const cases: [string, object, Partial<DukcapilResult>][] = [
    [
      "all agree",
      AGREEING,
      {
        is_valid: true,
        status: "VALID",
        name: "SITI NURHALIZA",
        birth_date: "1985-04-04",
        gender: null,
        match_score: 1,
        notes: null,
      },
    ],
    ["the NIK repeated in place of a verdict", { ...AGREEING, NIK: SITI.nik }, { is_valid: true }],
    [
      "a name that is near enough for the ministry is not repeated as the registry's",
      { ...AGREEING, NAMA_LGKP: "Sesuai (93)" },
      { is_valid: true, name: null, match_score: 0.958 },
    ],
    [
      "another name",
      { ...AGREEING, NAMA_LGKP: "Tidak Sesuai (41)" },
      {
        is_valid: false,
        status: "VALID",
        name: null,
        match_score: 0.646,
        notes: "The name differs from the civil registry's (similarity 0.41)",
      },
    ],
    [
      "another birth date",
      { ...AGREEING, TGL_LHR: "Tidak Sesuai" },
      {
        is_valid: false,
        status: "VALID",
        birth_date: null,
        match_score: 0.7,
        notes: "The birth date differs from the civil registry's",
      },
    ],
    [
      "another birth place only weighs",
      { ...AGREEING, TMPT_LHR: "Tidak Sesuai (20)" },
      { is_valid: true, match_score: 0.92 },
    ],
    [
      "a birth place without a verdict",
      { ...AGREEING, TMPT_LHR: undefined },
      { is_valid: true, match_score: 1 },
    ],
    ["another NIK", { ...AGREEING, NIK: "Tidak Sesuai" }, { is_valid: false, status: "INVALID" }],
    [
      "not found, in the old form",
      { RESPON: "Data Tidak Ditemukan" },
      { is_valid: false, status: "NOT_FOUND" },
    ],
    [
      "deceased",
      { RESPON: "Data Ditemukan, Meninggal Dunia", RESPONSE_CODE: "11" },
      { is_valid: false, status: "DECEASED", match_score: null },
    ],
    [
      "two people under one NIK",
      { RESPON: "Data Ditemukan, Data Ganda", RESPONSE_CODE: "12" },
      { is_valid: false, status: "BLOCKED" },
    ],
    [
      "not in the database",
      { RESPON: "Data Tidak Ditemukan, NIK tidak terdapat di database Kependudukan", RESPONSE_CODE: "13" },
      { is_valid: false, status: "NOT_FOUND" },
    ],
    [
      "inactive",
      {
        RESPONSE_DESC: "Data Ditemukan, Status Non Aktif silahkan hubungi Dinas Dukcapil",
        RESPONSE_CODE: "14",
      },
      { is_valid: false, status: "BLOCKED" },
    ],
    [
      "inactive, in other words",
      { RESPON: "Data Ditemukan, Status Tidak Aktif" },
      { is_valid: false, status: "BLOCKED" },
    ],
    [
      "no NIK of the ministry's",
      { RESPON: "Data Tidak Ditemukan, NIK tidak sesuai format Dukcapil", RESPONSE_CODE: 15 },
      { is_valid: false, status: "INVALID" },
    ],
    ["a code alone", { RESPONSE_CODE: "11" }, { is_valid: false, status: "DECEASED" }],
  ];
  for (const [name, content, expected] of cases) {
    await t.test(name, async (t) => {
      const server = await ministry(t, [content]);
      const result = await adapter(server).verify(SITI);
      assert.partialDeepStrictEqual(result, expected);
      assert.equal(result.nik, SITI.nik);
      assert.ok(result.is_valid || result.notes);
      assert.equal(server.requests.length, 1, "a verdict is not asked for twice");
    });
  }

  await t.test("without a birth date there is none to agree", async (t) => {
    const server = await ministry(t, [{ NIK: "Sesuai", NAMA_LGKP: "Sesuai (100)" }]);
    const result = await adapter(server).verify({ nik: SITI.nik, name: SITI.name });
    assert.partialDeepStrictEqual(result, { is_valid: true, birth_date: null, match_score: 1 });
  });

  await t.test("the threshold is the deployment's", async (t) => {
    const server = await ministry(t, [{ ...AGREEING, NAMA_LGKP: "Sesuai (75)" }]);
    assert.equal((await adapter(server, 70).verify(SITI)).is_valid, true);
    await assert.rejects(adapter(server, 80).verify(SITI), DukcapilUnavailableError);
  });
});

test("an answer of a form that is not known is never a verdict", async (t) => {
  const unknown: [string, unknown, number?][] = [
    ["no content", undefined],
    ["an empty list", []],
    ["null in the list", [null]],
    ["two citizens", [AGREEING, AGREEING]],
    ["an object in place of the list", AGREEING],
    ["no verdict on the NIK", [{ ...AGREEING, NIK: undefined }]],
    ["somebody else's NIK", [{ ...AGREEING, NIK: "3273014404850003" }]],
    ["no verdict on the name", [{ ...AGREEING, NAMA_LGKP: undefined }]],
    ["no verdict on the birth date that was asked about", [{ ...AGREEING, TGL_LHR: undefined }]],
    ["a verdict in another word", [{ ...AGREEING, NAMA_LGKP: "Cocok (100)" }]],
    ["a verdict that is a number", [{ ...AGREEING, NAMA_LGKP: 100 }]],
    ["a similarity above 100", [{ ...AGREEING, NAMA_LGKP: "Sesuai (1000)" }]],
    ["a similarity of 120", [{ ...AGREEING, NAMA_LGKP: "Sesuai (120)" }]],
    ["a name that agrees by nothing", [{ ...AGREEING, NAMA_LGKP: "Sesuai (0)" }]],
    ["a word more", [{ ...AGREEING, NAMA_LGKP: "Sesuai (100) ?" }]],
    ["bad credentials", [{ RESPON: "User ID atau Password tidak ditemukan" }]],
    ["a quota used up", [{ RESPON: "Kuota Akses Hari ini telah Habis", RESPONSE_CODE: "05" }]],
    [
      "a code and a sentence that contradict each other",
      [{ RESPON: "Data Tidak Ditemukan", RESPONSE_CODE: "11" }],
    ],
    ["a refusal that is new, beside verdicts", [{ ...AGREEING, RESPON: "Akses ditangguhkan" }]],
    ["verdicts under 400", [AGREEING], 400],
    ["verdicts under 500", [AGREEING], 500],
  ];
  for (const [name, content, status] of unknown) {
    await t.test(name, async (t) => {
      const server = await ministry(t, content, status);
      await assert.rejects(adapter(server).verify(SITI), (error) => {
        assert.ok(error instanceof DukcapilUnavailableError);
        for (const secret of [SITI.nik, SITI.name, "p-secret"]) assert.ok(!error.message.includes(secret));
        return true;
      });
      assert.equal(server.requests.length, 2, "it is asked again");
    });
  }
});

test("what cannot be asked is not sent; health is whether anything answers", async (t) => {
  const server = await smallServer(t, (request, response) =>
    response.writeHead(request.method === "HEAD" ? 404 : 500).end(),
  );
  const dukcapil = adapter(server);
  await assert.rejects(dukcapil.verify({ ...SITI, nik: "1" }), DukcapilQueryError);
  assert.equal(server.requests.length, 0);
  assert.equal(await dukcapil.healthy(), true);
  await dukcapil.close();
  await assert.rejects(dukcapil.verify(SITI), DukcapilUnavailableError);
  assert.equal(await adapter({ ...server, url: `http://127.0.0.1:${await freePort()}` }).healthy(), false);

  const broken = kemendagriDukcapil({
    url: server.url,
    institution: "x",
    userId: "",
    password: "",
    ipUser: "",
    policy: { ...QUICK, tries: 1, breakAfter: 1, breakMs: 60_000 },
  });
  await assert.rejects(broken.verify(SITI), DukcapilUnavailableError);
  assert.equal(await broken.healthy(), false, "the breaker is open");
});
