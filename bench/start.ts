import { rm } from "node:fs/promises";
import { join } from "node:path";
import { median } from "./harness.ts";
import { environment, startService } from "./process.ts";
import { figures, type Report, type Setting } from "./report.ts";

/** Starts on an empty data folder, each followed by one on what it left. */
const STARTS = 5;
const MOST_SECONDS = 10;

interface Start {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

/** Starts services from the spawn of the process to the first 200 of `/ready`. */
export async function start(setting: Setting): Promise<Report> {
  const first: Start[] = [];
  const second: Start[] = [];
  for (let number = 1; number <= STARTS; number++) {
    setting.progress(`start: ${number} of ${STARTS}`);
    const env = environment(setting, join(setting.scratch, `start-${number}`));
    for (const starts of [first, second]) {
      const service = await startService(env);
      starts.push({ seconds: service.readyMilliseconds / 1000, cpuSeconds: service.cpuSeconds() });
      await service.stop();
    }
    await rm(env.DATA_DIR, { recursive: true, force: true });
  }
  const seconds = (starts: readonly Start[]) => starts.map((one) => one.seconds);
  const row = (label: string, starts: readonly Start[]) => [
    label,
    median(seconds(starts)),
    Math.min(...seconds(starts)),
    Math.max(...seconds(starts)),
    median(starts.map(({ cpuSeconds }) => cpuSeconds)),
  ];
  const slower = Math.max(median(seconds(first)), median(seconds(second)));
  return {
    tables: [
      {
        title: `From the spawn of the process to ready, networks built (${STARTS} runs each, in turn)`,
        head: ["", "median s", "fastest", "slowest", "CPU s"],
        rows: [row("first start, empty data folder", first), row("second start", second)],
      },
    ],
    goals: [
      {
        goal: `at most ${MOST_SECONDS} s`,
        measured: `${figures(slower)} s`,
        met: slower <= MOST_SECONDS,
      },
    ],
    notes: ["The sample pictures of the start-up message are drawn after it is ready."],
    figures: { first, second },
  };
}
