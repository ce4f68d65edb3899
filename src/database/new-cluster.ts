import { PGlite } from "@electric-sql/pglite";

// Run as a process of its own: what making a new database takes, some 250 MB, ends with it.
const [folder] = process.argv.slice(2);
await (await PGlite.create(folder)).close();
