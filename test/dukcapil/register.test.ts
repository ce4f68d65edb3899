import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFile, readdir, readFile, rm, stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { INSTANT_BEHAVIOUR } from "../../src/dukcapil/behaviour.ts";
import { CITIZEN_STATUSES, type Citizen, citizenOfCard, SEED_CITIZENS } from "../../src/dukcapil/citizens.ts";
import { embeddedDukcapil } from "../../src/dukcapil/embedded.ts";
import { payuDukcapil } from "../../src/dukcapil/payu.ts";
import { openRegister } from "../../src/dukcapil/register.ts";
import { startSimulator } from "../../src/dukcapil/simulator.ts";
import { makeCitizen } from "../../src/sample/citizen.ts";
import { SealBrokenError } from "../../src/security/sealer.ts";
import { QUICK, sealerIn, temporaryFolder } from "./support.ts";

const SITI: Citizen = {
  nik: "3273014404850002",
  fullName: "SITI NURHALIZA",
  birthPlace: "BANDUNG",
  birthDate: "1985-04-04",
  gender: "FEMALE",
  bloodType: "O",
  address: "JL. BRAGA NO. 4",
  rt: "001",
  rw: "024",
  village: "BRAGA",
  district: "SUMUR BANDUNG",
  city: "KOTA BANDUNG",
  province: "JAWA BARAT",
  religion: "ISLAM",
  maritalStatus: "MARRIED",
  occupation: "GURU",
  nationality: "WNI",
  status: "VALID",
};

const fileIn = (dir: string) => join(dir, "simulator", "citizens.sealed");

test("an empty register knows the seed citizens and nobody else", async (t) => {
  const dir = await temporaryFolder(t);
  const register = openRegister({ dir, sealer: sealerIn(dir) });
  for (const citizen of SEED_CITIZENS) assert.deepEqual(await register.find(citizen.nik), citizen);
  assert.equal(await register.find(SITI.nik), null);
  await assert.rejects(stat(fileIn(dir)), { code: "ENOENT" }, "reading makes no file");
});

test("whoever is added is found, after a restart too, and the last word counts", async (t) => {
  const dir = await temporaryFolder(t);
  const register = openRegister({ dir, sealer: sealerIn(dir) });
  await register.add([SITI]);
  assert.deepEqual(await register.find(SITI.nik), SITI);
  await register.add([]);
  await register.add([
    { ...SITI, status: "BLOCKED" },
    { ...SITI, status: "DECEASED" },
  ]);
  const reopened = openRegister({ dir, sealer: sealerIn(dir) });
  for (const each of [register, reopened]) assert.equal((await each.find(SITI.nik))?.status, "DECEASED");
  assert.equal((await stat(fileIn(dir))).mode & 0o077, 0, "nobody else may read the file");
});

test("the folder holds no NIK, name, address or date in the clear", async (t) => {
  const dir = await temporaryFolder(t);
  const register = openRegister({ dir, sealer: sealerIn(dir) });
  await register.add([SITI]);
  let bytes = 0;
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const raw = await readFile(join(entry.parentPath, entry.name));
    bytes += raw.length;
    for (const secret of [SITI.nik, SITI.fullName, "NURHALIZA", "BRAGA", "1985-04-04", "fullName"]) {
      assert.ok(!raw.includes(secret), `${entry.name} holds personal data`);
    }
    // As base64, at each of the three places that a text can begin in; without its ends, which depend on what is beside.
    for (const secret of [SITI.nik, SITI.fullName, "JL. BRAGA NO. 4"]) {
      for (const shift of [0, 1, 2]) {
        const encoded = Buffer.from("x".repeat(shift) + secret).toString("base64");
        assert.ok(!raw.includes(encoded.slice(4, -4)), `${entry.name} holds personal data in base64`);
      }
    }
  }
  assert.ok(bytes > 500);
});

test("a running simulator knows at once whom another process adds, and an embedded one too", async (t) => {
  const dir = await temporaryFolder(t);
  const register = openRegister({ dir, sealer: sealerIn(dir) });
  const simulator = await startSimulator({ register, behaviour: INSTANT_BEHAVIOUR, port: 0 });
  const overHttp = payuDukcapil({ url: simulator.url, policy: QUICK });
  const embedded = embeddedDukcapil({
    register: openRegister({ dir, sealer: sealerIn(dir) }),
    policy: QUICK,
  });
  t.after(() => Promise.all([simulator.close(), overHttp.close(), embedded.close()]));

  const query = { nik: "3273010101900000", name: "WARGA NOMOR 3273010101900000" };
  for (const dukcapil of [overHttp, embedded]) {
    assert.equal((await dukcapil.verify(query)).status, "NOT_FOUND");
  }
  const writer = spawn(process.execPath, [join(import.meta.dirname, "writer.ts"), dir, query.nik, "1", "1"], {
    stdio: "inherit",
  });
  assert.deepEqual(await once(writer, "exit"), [0, null]);
  for (const dukcapil of [overHttp, embedded]) {
    assert.equal((await dukcapil.verify(query)).is_valid, true);
  }
});

test("several processes that add at once lose nothing, and a reader in between sees only whole citizens", async (t) => {
  const dir = await temporaryFolder(t);
  const register = openRegister({ dir, sealer: sealerIn(dir) });
  const [writers, each] = [4, 120];
  const first = (w: number) => 3273010101900000 + w * each;
  const exits = Array.from({ length: writers }, (_, w) =>
    once(
      spawn(
        process.execPath,
        [join(import.meta.dirname, "writer.ts"), dir, String(first(w)), String(each), String(w + 1)],
        { stdio: "inherit" },
      ),
      "exit",
    ),
  );
  let running = true;
  const reading = (async () => {
    while (running) await register.find("0000000000000000");
  })();
  assert.deepEqual(await Promise.all(exits), Array(writers).fill([0, null]));
  running = false;
  await reading;
  const reopened = openRegister({ dir, sealer: sealerIn(dir) });
  for (let nik = first(0); nik < first(writers); nik++) {
    for (const reader of [register, reopened]) {
      assert.equal((await reader.find(String(nik)))?.fullName, `WARGA NOMOR ${nik}`);
    }
  }
});

test("a look-up sees whoever was added before it, however many are under way", async (t) => {
  const dir = await temporaryFolder(t);
  const reader = openRegister({ dir, sealer: sealerIn(dir) });
  const writer = openRegister({ dir, sealer: sealerIn(dir) });
  for (let i = 0; i < 40; i++) {
    const others = Array.from({ length: 5 }, () => reader.find("0000000000000000"));
    const nik = String(3273010101900000 + i);
    await writer.add([{ ...SITI, nik }]);
    assert.equal((await reader.find(nik))?.nik, nik);
    await Promise.all(others);
  }
});

test("a write cut short costs nobody but itself", async (t) => {
  const dir = await temporaryFolder(t);
  const register = openRegister({ dir, sealer: sealerIn(dir) });
  await register.add([SITI]);
  const whole = (await stat(fileIn(dir))).size;
  await register.add([{ ...SITI, nik: "3273014404850003" }]);
  await truncate(fileIn(dir), whole + 40);
  const reopened = openRegister({ dir, sealer: sealerIn(dir) });
  assert.equal((await reopened.find(SITI.nik))?.nik, SITI.nik);
  assert.equal(await reopened.find("3273014404850003"), null);
  await reopened.add([{ ...SITI, nik: "3273014404850004" }]);
  for (const reader of [reopened, openRegister({ dir, sealer: sealerIn(dir) })]) {
    assert.equal((await reader.find(SITI.nik))?.nik, SITI.nik);
    assert.equal((await reader.find("3273014404850004"))?.nik, "3273014404850004");
    assert.equal(await reader.find("3273014404850003"), null);
  }
});

test("an altered line or another key is said, not taken for an unknown citizen", async (t) => {
  const dir = await temporaryFolder(t);
  const register = openRegister({ dir, sealer: sealerIn(dir) });
  await register.add([SITI]);
  const elsewhere = openRegister({ dir, sealer: sealerIn(await temporaryFolder(t)) });
  await assert.rejects(elsewhere.find(SITI.nik), SealBrokenError);

  await appendFile(fileIn(dir), "\nTm90IHNlYWxlZCBieSBhbnlib2R5.\n");
  await assert.rejects(register.find(SITI.nik), SealBrokenError);
  const dukcapil = embeddedDukcapil({ register, policy: { ...QUICK, tries: 1 } });
  await assert.rejects(dukcapil.verify({ nik: SITI.nik, name: SITI.fullName }), {
    name: "DukcapilUnavailableError",
  });
  await dukcapil.close();
});

test("a register that is removed is empty again, also where a new one takes its place", async (t) => {
  const dir = await temporaryFolder(t);
  const register = openRegister({ dir, sealer: sealerIn(dir) });
  await register.add([SITI]);
  assert.ok(await register.find(SITI.nik));
  await rm(fileIn(dir));
  assert.equal(await register.find(SITI.nik), null);

  await register.add([SITI]);
  assert.ok(await register.find(SITI.nik));
  await rm(fileIn(dir));
  const others = ["3273014404850003", "3273014404850004"].map((nik) => ({ ...SITI, nik }));
  await openRegister({ dir, sealer: sealerIn(dir) }).add(others);
  assert.equal(await register.find(SITI.nik), null);
  assert.ok(await register.find("3273014404850003"));
});

test("a citizen without a NIK, a name or a status is refused, and nobody with them is added", async (t) => {
  const dir = await temporaryFolder(t);
  const register = openRegister({ dir, sealer: sealerIn(dir) });
  for (const change of [{ nik: "327301440485000" }, { fullName: " " }, { status: "NOT_FOUND" as "VALID" }]) {
    await assert.rejects(register.add([SITI, { ...SITI, ...change }]), (error) => {
      assert.ok(error instanceof RangeError);
      assert.ok(!error.message.includes("3273"));
      return true;
    });
  }
  assert.equal(await register.find(SITI.nik), null);
});

test("a sample card's citizen, in every status", async (t) => {
  const dir = await temporaryFolder(t);
  const register = openRegister({ dir, sealer: sealerIn(dir) });
  const dukcapil = embeddedDukcapil({ register, policy: QUICK });
  t.after(() => dukcapil.close());
  const people = await Promise.all(CITIZEN_STATUSES.map((_, index) => makeCitizen(7, index)));
  await register.add(people.map((person, i) => citizenOfCard(person, CITIZEN_STATUSES[i])));
  for (const [i, status] of CITIZEN_STATUSES.entries()) {
    const { nik, name, birth_place, birth_date, gender } = people[i]!;
    const result = await dukcapil.verify({ nik, name, birthPlace: birth_place, birthDate: birth_date });
    assert.equal(result.status, status);
    assert.equal(result.is_valid, status === "VALID");
    if (status === "VALID") {
      assert.equal(result.match_score, 1);
      assert.equal(result.gender, gender);
      assert.equal(result.birth_date, birth_date);
    }
  }
});

test("a card in the register's words", () => {
  const card = {
    nik: SITI.nik,
    name: "SITI NURHALIZA",
    birth_place: "BANDUNG",
    birth_date: "1985-04-04",
    gender: "PEREMPUAN",
    blood_type: "O",
    address: "JL. BRAGA NO. 4",
    rt_rw: "001/024",
    village: "BRAGA",
    district: "SUMUR BANDUNG",
    city: "KOTA BANDUNG",
    province: "JAWA BARAT",
    religion: "ISLAM",
    marital_status: "KAWIN",
    occupation: "GURU",
    nationality: "WNI",
  };
  assert.deepEqual(citizenOfCard(card), SITI);
  const changed = citizenOfCard(
    { ...card, blood_type: "-", religion: "KATHOLIK", marital_status: "CERAI MATI", gender: "LAKI-LAKI" },
    "BLOCKED",
  );
  assert.partialDeepStrictEqual(changed, {
    bloodType: null,
    religion: "KATOLIK",
    maritalStatus: "WIDOWED",
    gender: "MALE",
    status: "BLOCKED",
  });
  const bare = citizenOfCard({ nik: SITI.nik, name: "SITI" });
  assert.partialDeepStrictEqual(bare, {
    gender: null,
    rt: null,
    rw: null,
    religion: null,
    maritalStatus: null,
  });
  assert.throws(() => citizenOfCard({ ...card, name: null }), RangeError);
});
