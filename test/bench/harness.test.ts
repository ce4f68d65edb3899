import assert from "node:assert/strict";
import { test } from "node:test";
import { clock, median, quantile, race, ratio } from "../../bench/harness.ts";
import { comparison, drawGoal, drawReport, drawTable } from "../../bench/report.ts";

test("the median is the middle one, or between the two middle ones, in any order", () => {
  assert.equal(median([9, 1, 5]), 5);
  assert.equal(median([4, 1, 3, 2]), 2.5);
  assert.equal(median([7]), 7);
});

test("a quantile lies between its neighbours and leaves its input as it was", () => {
  const values = [50, 10, 40, 20, 30];
  assert.equal(quantile(values, 0), 10);
  assert.equal(quantile(values, 1), 50);
  assert.equal(quantile(values, 0.9), 46);
  assert.deepEqual(values, [50, 10, 40, 20, 30]);
  assert.throws(() => quantile([], 0.5), RangeError);
});

test("the ratio is that of the rounds, which a slow moment of the machine does not bend", () => {
  const ours = [10, 10, 100, 100, 100];
  const theirs = ours.map((milliseconds) => milliseconds * 3);
  assert.equal(ratio(theirs, ours), 3);
  // Twice as slow in one round, on one side alone.
  assert.equal(ratio([...theirs.slice(0, 4), 600], ours), 3);
  assert.throws(() => ratio([1, 2], [1]), RangeError);
});

test("contestants run in turn, each as often first as the others, and the warm-up does not count", async () => {
  const order: string[] = [];
  const contestant = <Name extends string>(name: Name, milliseconds: number) => ({
    name,
    async run(round: number) {
      order.push(`${name}${round}`);
      return milliseconds + round;
    },
  });
  const rounds: number[] = [];
  const raced = await race([contestant("a", 10), contestant("b", 20), contestant("c", 30)], {
    runs: 2,
    warmUp: 1,
    onRound: (number, of) => rounds.push(number, of),
  });
  assert.deepEqual(order, ["a0", "b0", "c0", "b1", "c1", "a1", "c2", "a2", "b2"]);
  assert.deepEqual(raced.a.wall, [11, 12]);
  assert.deepEqual(raced.b.wall, [21, 22]);
  assert.deepEqual(raced.c.wall, [31, 32]);
  assert.deepEqual(rounds, [1, 3, 2, 3, 3, 3]);
});

test("waiting takes time but no processor time, working takes both", async () => {
  const raced = await race(
    [
      { name: "waits", run: () => clock(() => new Promise((resolve) => setTimeout(resolve, 60))) },
      { name: "works", run: () => clock(async () => burn(60)) },
    ],
    { runs: 3, warmUp: 0 },
  );
  // A timer may fire a millisecond early.
  assert.ok(Math.min(...raced.waits.wall) >= 59);
  assert.ok(Math.min(...raced.works.cpu) >= 60);
  assert.ok(median(raced.waits.cpu) < 60);
});

/** Uses a number of milliseconds of the processor. */
function burn(milliseconds: number): void {
  const before = process.cpuUsage();
  for (;;) {
    const { user, system } = process.cpuUsage(before);
    if (user + system >= milliseconds * 1000) return;
  }
}

test("a comparison says how many times ours the other one took", () => {
  const ours = { wall: [100, 110, 120], cpu: [200, 200, 200] };
  const theirs = { wall: [250, 275, 300], cpu: [100, 100, 100] };
  assert.deepEqual(comparison(theirs, ours), ["275", "250", "295", "2.50 ×", "100", "0.50 ×"]);
});

test("a table sets numbers to the right and words to the left", () => {
  const lines = drawTable({
    title: "Times",
    head: ["", "ms", "of ours", "read"],
    rows: [
      ["ours", 12.345, "1.00 ×", "yes"],
      ["theirs", 1234.5, "10.25 ×", "no"],
    ],
  });
  assert.deepEqual(lines, [
    "Times",
    "            ms  of ours  read",
    "  ------  ----  -------  ----",
    "  ours    12.3   1.00 ×  yes",
    "  theirs  1235  10.25 ×  no",
  ]);
});

test("a goal is said to be met, missed or not measured", () => {
  assert.match(
    drawGoal({ goal: "at most 2 ×", measured: "1.4 ×", met: true }),
    /^ {2}met +at most 2 ×: 1\.4 ×$/,
  );
  assert.match(drawGoal({ goal: "at most 2 ×", measured: "2.4 ×", met: false }), /^ {2}MISSED/);
  assert.match(drawGoal({ goal: "at most 2 ×", measured: "no peer", met: null }), /^ {2}not measured/);
});

test("a report holds its tables, goals and notes", () => {
  const lines = drawReport("ktp", {
    tables: [{ title: "Times", head: ["", "ms"], rows: [["ours", 1]] }],
    goals: [{ goal: "fast", measured: "yes", met: true }],
    notes: ["Measured here."],
    figures: {},
  });
  const text = lines.join("\n");
  for (const part of ["== ktp =", "Times\n", "Goals\n", "fast: yes", "Measured here."])
    assert.ok(text.includes(part), part);
});
