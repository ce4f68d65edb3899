import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  drawKtp,
  makeCitizen,
  type SampleCitizen,
  VARIANT_NAMES,
  type Variant,
} from "../../src/sample/sample.ts";
import { decodeImage } from "../../src/vision/image.ts";
import { formerCode } from "../../src/vision/ktp/former.ts";

const SEED = 7;
const citizens = (variant: Variant | undefined, count: number): Promise<SampleCitizen[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => makeCitizen(SEED, index, variant)));

describe("variants of sample cards", () => {
  it("the first 300 cards of a seed come from all 38 provinces", async () => {
    const provinces = new Set((await citizens(undefined, 300)).map(({ province }) => province));
    assert.equal(provinces.size, 38);
  });

  it("a variant is the same each time, and another card than without it", async () => {
    for (const variant of VARIANT_NAMES) {
      const [once, again, plain] = [
        await makeCitizen(SEED, 3, variant),
        await makeCitizen(SEED, 3, variant),
        await makeCitizen(SEED, 3),
      ];
      assert.deepEqual(once, again);
      assert.notDeepEqual(await drawKtp(once), await drawKtp(plain), variant);
    }
  });

  it("foreigners have a country, and a card that ends", async () => {
    const all = await citizens("foreigner", 60);
    for (const { nationality, valid_until, issue_date } of all) {
      assert.notEqual(nationality, "WNI");
      assert.match(valid_until, /^\d{4}-\d{2}-\d{2}$/);
      assert.ok(valid_until > issue_date);
    }
    assert.ok(all.some(({ nationality }) => nationality.startsWith("WNA ")));
    const orange = all.filter((citizen) => citizen.orange);
    assert.ok(orange.length > 30 && orange.length < 60);
    assert.ok(orange.every(({ issue_date }) => issue_date >= "2022"));
    assert.ok(orange.every(({ marital_status }) => !marital_status.includes("KAWIN")));
  });

  it("a foreigner's newer card is orange", async () => {
    const all = await citizens("foreigner", 12);
    for (const orange of [true, false]) {
      const citizen = all.find((one) => one.orange === orange);
      assert.ok(citizen);
      const { data, width } = await decodeImage(await drawKtp(citizen));
      // Bare ground at the lower left.
      const i = 3 * (Math.round(width * 0.6) * width + Math.round(width * 0.4));
      assert.equal(data[i] > data[i + 2], orange, `${data.subarray(i, i + 3)}`);
    }
  });

  it("cards of former regions name the province and hold the code of then", async () => {
    const all = await citizens("former-region", 40);
    const provinces = new Set(all.map(({ province }) => province));
    for (const province of ["PAPUA", "PAPUA BARAT", "KALIMANTAN TIMUR"])
      assert.ok(provinces.has(province), province);
    assert.ok(
      [...provinces].every(
        (province) =>
          !/PAPUA (SELATAN|TENGAH|PEGUNUNGAN)|UTARA$/.test(province) || province === "SUMATERA UTARA",
      ),
    );
    const papua = all.filter(({ province }) => province === "PAPUA");
    assert.ok(papua.every(({ nik }) => nik.startsWith("91")));
    assert.equal(formerCode("93.01.02"), "91.01.02");
    assert.equal(formerCode("32.17.06"), null);
  });

  it("long names and addresses have two and three lines' letters", async () => {
    for (const { name, address } of await citizens("long-lines", 20)) {
      assert.ok(name.length > 34, name);
      assert.ok(address.length > 68, address);
    }
  });
});
