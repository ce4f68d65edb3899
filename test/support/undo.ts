import type { TestContext } from "node:test";

/**
 * What a test has opened, closed when it ends, the last first: a server outlives those who hold connections to it,
 * where `t.after` would close the first first.
 */
export function undoing(t: Pick<TestContext, "after">): (close: () => unknown) => void {
  const opened: (() => unknown)[] = [];
  t.after(async () => {
    for (const close of opened.reverse()) await close();
  });
  return (close) => opened.push(close);
}
