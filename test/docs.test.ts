import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import manifest from "../package.json" with { type: "json" };
import { loadConfig } from "../src/config.ts";
import { EFFECTS, TAMPERINGS, VARIANTS } from "../src/sample/sample.ts";
import { KTP_FIELDS } from "../src/vision/facts.ts";
import { HINTS } from "../src/vision/hints.ts";
import { TAMPER_WEIGHTS } from "../src/vision/ktp/tamper/signs.ts";
import { CATALOGUE } from "../src/vision/models/catalogue.ts";
import { BASE, serve } from "./http/support.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const PAGES = ["README.md", ...readdirSync(join(ROOT, "docs")).map((name) => `docs/${name}`)];

const read = (file: string) => readFileSync(join(ROOT, file), "utf8");
const pages = PAGES.map((page) => ({ page, text: read(page) }));
const [settings, api, vision] = ["settings", "api", "vision"].map((name) => read(`docs/${name}.md`));

/** All that a pattern finds in a text: its first group, each once. */
const found = (text: string, pattern: RegExp) => [
  ...new Set([...text.matchAll(pattern)].map(([, one]) => one)),
];

/** Cells of a page's table rows; `\|` within a cell is a bar. */
const rows = (text: string) =>
  found(text, /^\| (.*) \|$/gm).map((row) => row.split(/(?<!\\)\|/).map((cell) => cell.trim()));

describe("docs/settings.md", () => {
  const documented = rows(settings).flatMap(([name, given, meaning]) => {
    const variable = /^`([A-Z_]+)`$/.exec(name)?.[1];
    return variable === undefined ? [] : [{ variable, given, meaning }];
  });
  const names = documented.map(({ variable }) => variable);

  test("has a row for every variable that is read, and for no other", () => {
    const source = read("src/config.ts");
    // The name is the first argument of whatever reads it: text("HOST"), number("PORT", …), need("DUKCAPIL_IP").
    const readers = found(source, /\b[a-z]\w*(?:<[^>]*>)?\(\s*"([A-Z]+(?:_[A-Z]+)*)"/g);
    assert.ok(readers.length > 30, `${readers.length} found: are they read in another way?`);
    assert.deepEqual(names.toSorted(), readers.toSorted());
    assert.equal(new Set(names).size, names.length, "one row each");
    for (const { variable, meaning } of documented) assert.ok(meaning.length > 3, variable);
  });

  test("names the KYC_ variables that are not warned of", () => {
    const warnings = (name: string, value: string) =>
      loadConfig({ [name]: value }).warnings.filter((warning) => warning.startsWith(name));
    const own = documented.filter(({ variable }) => variable.startsWith("KYC_"));
    assert.ok(own.length > 3);
    // Those that take words alone say their default as one.
    for (const { variable, given } of own)
      assert.deepEqual(warnings(variable, /^`([a-z]+)`$/.exec(given)?.[1] ?? "1"), []);
    assert.equal(warnings("KYC_NO_SETTING", "1").length, 1);
  });

  test("gives the true default of each variable", () => {
    const literal = (given: string) => /^`([^`]+)`$/.exec(given)?.[1] ?? /^[\d.]+$/.exec(given)?.[0];
    const stated = documented.filter(({ given }) => literal(given) !== undefined);
    assert.ok(stated.length > 20);
    // To name the registry's address chooses the adapter too.
    const others = { DUKCAPIL_ADAPTER: "payu" };
    for (const { variable, given } of stated) {
      assert.deepEqual(loadConfig({ ...others, [variable]: literal(given) }), loadConfig(others), variable);
    }
  });
});

describe("docs/api.md", () => {
  test("tells of every route, and of no other", async (t) => {
    const { get } = await serve(t);
    const { paths } = (await (await get("/openapi.json")).json()) as { paths: Record<string, object> };
    const routes = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace(BASE, "")}`),
    );
    const headings = found(api, /^### ((?:GET|POST|PUT|PATCH|DELETE) \S+)$/gm);
    const operations = found(api, /^\| `(GET \S+)` \|/gm);
    assert.deepEqual([...headings, ...operations].toSorted(), routes.toSorted());
  });

  test("lists every error code, and no other", () => {
    const code = /\b(KYC_[A-Z]+_\d{3})\b/g;
    assert.deepEqual(found(api, code).toSorted(), found(read("src/verification/errors.ts"), code).toSorted());
  });

  test("says every hint as the service says it", () => {
    const hints = Object.fromEntries(
      rows(api.slice(api.indexOf("\n## Hints"))).flatMap(([code, id, en]) => {
        const hint = /^`([a-z0-9_]+)`$/.exec(code)?.[1];
        return hint !== undefined && hint in HINTS ? [[hint, { id, en }]] : [];
      }),
    );
    assert.deepEqual(hints, HINTS);
  });

  test("tells of every field of a KTP", () => {
    const section = api.slice(api.indexOf("### KtpOcrResult"), api.indexOf("### LivenessResult"));
    for (const field of KTP_FIELDS)
      assert.match(section, new RegExp(`^\\| .*\`${field}\`.* \\|`, "m"), field);
  });
});

test("docs/vision.md lists every network with its source and licence", () => {
  const listed = rows(vision).flatMap(([name, , from, licence]) => {
    const network = /^`([a-z0-9.-]+)`$/.exec(name)?.[1];
    return network !== undefined && licence !== undefined
      ? [[network, from.replaceAll("`", ""), licence]]
      : [];
  });
  const known = Object.entries(CATALOGUE).map(([name, { source, licence }]) => [
    name,
    source.from === "package" ? `npm ${source.package}` : `pack ${source.pack}`,
    licence,
  ]);
  assert.deepEqual(listed.toSorted(), known.toSorted());
});

test("docs/vision.md lists every effect of the sample pictures as the generator says it", () => {
  const section = vision.slice(vision.indexOf("### Levels and effects"));
  const listed = rows(section).flatMap(([name, what, strength]) => {
    const effect = /^`([a-z-]+)`$/.exec(name)?.[1];
    return effect !== undefined && effect in EFFECTS ? [[effect, what, strength]] : [];
  });
  const known = Object.entries(EFFECTS).map(([name, { what, strength }]) => [name, what, strength || "–"]);
  assert.deepEqual(listed, known);
});

test("docs/vision.md lists every kind of forged card as the generator says it", () => {
  const section = vision.slice(vision.indexOf("`--tamper KIND`"));
  const listed = rows(section).flatMap(([name, what]) => {
    const kind = /^`([a-z-]+)`$/.exec(name)?.[1];
    return kind !== undefined && kind in TAMPERINGS ? [[kind, what]] : [];
  });
  assert.deepEqual(listed, Object.entries(TAMPERINGS));
});

test("docs/vision.md lists every variant of cards as the generator says it", () => {
  const section = vision.slice(vision.indexOf("`--variant NAME`"));
  const listed = rows(section).flatMap(([name, what]) => {
    const variant = /^`([a-z-]+)`$/.exec(name)?.[1];
    return variant !== undefined && variant in VARIANTS ? [[variant, what]] : [];
  });
  assert.deepEqual(listed, Object.entries(VARIANTS));
});

test("docs/vision.md lists every sign of tampering with its weight", () => {
  const listed = rows(vision).flatMap(([name, weight]) => {
    const sign = /^`([a-z_]+)`$/.exec(name)?.[1];
    return sign !== undefined && sign in TAMPER_WEIGHTS ? [[sign, Number(weight)]] : [];
  });
  assert.deepEqual(listed.toSorted(), Object.entries(TAMPER_WEIGHTS).toSorted());
});

describe("README.md and docs/", () => {
  test("link to files and headings that exist", () => {
    const anchors = (file: string) =>
      found(read(file), /^#+ (.*)$/gm).map((heading) =>
        heading
          .toLowerCase()
          .replace(/[^\p{L}\p{N}\s_-]/gu, "")
          .replace(/\s/g, "-"),
      );
    const links = pages.flatMap(({ page, text }) =>
      found(text, /\]\(([^)\s]+)\)/g)
        .filter((link) => !/^[a-z]+:/.test(link))
        .map((link) => ({ page, link })),
    );
    assert.ok(links.length > 10);
    for (const { page, link } of links) {
      const [path, anchor] = link.split("#");
      const target = path === "" ? page : join(dirname(page), path);
      assert.ok(existsSync(join(ROOT, target)), `${page}: ${link}`);
      if (anchor !== undefined) assert.ok(anchors(target).includes(anchor), `${page}: ${link}`);
    }
  });

  test("name files that exist", () => {
    for (const { page, text } of pages) {
      for (const path of found(text, /`((?:src|test|bench|bin|docs|\.ci)\/[\w./-]*)`/g))
        assert.ok(existsSync(join(ROOT, path)), `${page}: ${path}`);
    }
  });

  test("name scripts that exist", () => {
    const named = pages.flatMap(({ page, text }) =>
      found(text, /\bnpm run (?:-s )?([\w:-]+)/g).map((script) => ({ page, script })),
    );
    assert.ok(named.length > 5);
    for (const { page, script } of named)
      assert.ok(Object.hasOwn(manifest.scripts, script), `${page}: ${script}`);
  });

  test("give commands whose verb, words and flags exist", () => {
    const { stdout } = spawnSync(process.execPath, ["src/cli.ts", "help"], { cwd: ROOT, encoding: "utf8" });
    const usages = new Map(found(stdout, /^ {2}(\S.*)$/gm).map((usage) => [usage.split(" ")[0], usage]));
    assert.ok(usages.size > 5, stdout);
    const commands = pages.flatMap(({ page, text }) => [
      ...found(text, /npm run -s kyc -- ([^#\n`)]+)/g).map((command) => ({ page, command })),
      // Spoken of by name: `eval ktp`.
      ...found(text, /`(eval [a-z]+)`/g).map((command) => ({ page, command })),
    ]);
    assert.ok(commands.length > 10);
    for (const { page, command } of commands) {
      const where = `${page}: ${command}`;
      const [verb, ...words] = command.trim().split(/\s+/);
      if (verb === "help") continue;
      const usage = usages.get(verb);
      assert.ok(usage, where);
      const flags = words.filter((word) => word.startsWith("--") && word !== "--json");
      for (const flag of flags) assert.ok(usage.includes(flag), where);
      // `models list | build …` takes one of these words; `ocr FILE…` takes any.
      const choices = found(usage, /(?:^\w+|\|) ([a-z]+)\b/g);
      if (choices.length > 0) assert.ok(choices.includes(words[0]), where);
    }
  });

  test("show JSON that is JSON", () => {
    const examples = pages.flatMap(({ page, text }) =>
      found(text, /^```json\n([\s\S]*?)^```$/gm).map((json) => ({ page, json })),
    );
    assert.ok(examples.length > 3);
    for (const { page, json } of examples) assert.doesNotThrow(() => JSON.parse(json), `${page}: ${json}`);
  });
});
