import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { maskName, maskNik, scrub } from "../../src/security/masking.ts";

describe("masking", () => {
  test("shows the first 6 and the last 4 digits of a NIK", () => {
    assert.equal(maskNik("3201234567890001"), "320123******0001");
  });

  test("shows nothing of what is not a NIK", () => {
    for (const other of ["", "320123456789000", "32012345678900011", "BUDI SANTOSO"]) {
      assert.equal(maskNik(other), "****************");
    }
  });

  test("shows initials of a name, and not how long it is", () => {
    assert.equal(maskName("BUDI  SANTOSO"), "B*** S***");
    assert.equal(maskName("Ü"), "Ü***");
    assert.equal(maskName(" "), "");
  });

  test("takes every NIK out of a line, however it is written", () => {
    assert.equal(
      scrub('{"a":"3201234567890001","b":3273014505900007} NIK:3201234567890002x'),
      '{"a":"320123******0001","b":327301******0007} NIK:320123******0002x',
    );
    assert.equal(scrub("3201 2345 6789 0001"), "320123******0001");
    assert.equal(scrub("3201.2345.6789.0001"), "320123******0001");
    assert.ok(!scrub("003201234567890001").includes("3201234567890001"));
  });

  test("leaves alone what is not one", () => {
    const line =
      '{"time":1772359200123,"id":"5f0c3c0e-8a43-4c7f-9df5-3f4f0c1f6a11","at":"2026-03-01T10:00:00.123456Z"}';
    assert.equal(scrub(line), line);
  });
});
