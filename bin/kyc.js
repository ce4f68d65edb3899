#!/usr/bin/env node
// The shell may know only an older Node than the one the project brings: hand over to that one.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const own = fileURLToPath(new URL("../node_modules/node/bin/node", import.meta.url));
const cli = fileURLToPath(new URL("../src/cli.ts", import.meta.url));
const node = Number(process.versions.node.split(".")[0]) >= 24 || !existsSync(own) ? process.execPath : own;
process.exitCode = spawnSync(node, [cli, ...process.argv.slice(2)], { stdio: "inherit" }).status ?? 1;
