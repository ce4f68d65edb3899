import { after, before, describe, type TestContext, test } from "node:test";
import { startPostgres } from "./postgres.ts";
import { openStorage, type Storage, temporaryFolder } from "./storage.ts";

/** Declares a test that is handed an open store; skipped, with its reason, where there is no server. */
export type StorageTest = (name: string, body: (storage: Storage) => Promise<void>) => void;

/** Declares the same tests for the embedded database and for a PostgreSQL server. */
export function onBothDatabases(what: string, declare: (it: StorageTest) => void): void {
  const suite = (name: string, open: () => Promise<Opened | { readonly skip: string }>) =>
    describe(`${what}: ${name}`, () => {
      let opened: Opened | undefined;
      let skipped: string | undefined;
      before(async () => {
        const got = await open();
        if ("skip" in got) skipped = got.skip;
        else opened = got;
      });
      after(() => opened?.close());
      declare((title, body) =>
        test(title, (context: TestContext) => (opened ? body(opened.storage) : context.skip(skipped))),
      );
    });

  suite("the embedded database", async () => {
    const folder = temporaryFolder();
    const storage = await openStorage({ dataDir: folder.path });
    return { storage, close: () => storage.close().then(folder.remove) };
  });
  suite("a PostgreSQL server", async () => {
    const server = await startPostgres();
    if ("skip" in server) return server;
    const folder = temporaryFolder();
    const storage = await openStorage({ url: await server.createDatabase(), dataDir: folder.path });
    return {
      storage,
      close: async () => {
        await storage.close();
        await server.stop();
        folder.remove();
      },
    };
  });
}

interface Opened {
  readonly storage: Storage;
  close(): Promise<void>;
}
