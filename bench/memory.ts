import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { signToken } from "../src/http/auth.ts";
import { clock, median, quantile } from "./harness.ts";
import {
  environment,
  type Memory,
  runCommand,
  SECRET,
  type ServiceProcess,
  startService,
} from "./process.ts";
import { figures, type Report, type Setting, type Table } from "./report.ts";

const VERIFICATIONS = 200;
/** After how many of them memory is told: the median of the last {@link WINDOW}, since garbage comes and goes. */
const MARKS = [20, 50, 100, 150, 200];
const WINDOW = 20;
/** Goals, in MB and as a share. */
const MOST_RESIDENT = 700;
const MOST_GROWTH = 0.05;
/** Of the sample citizens; each is verified again and again, by users of their own. */
const SEED = 31;
const PEOPLE = 10;
/** At a time; one more than the smallest setting has workers, so that none of them waits for a client. */
const CLIENTS = 2;
const TOKEN_MINUTES = 60;
/** What the deployment gives the container. */
const CONTAINER = 512;

/** How a service is run. */
interface Way {
  readonly label: string;
  readonly nodeOptions: readonly string[];
}

const WAYS: readonly Way[] = [
  { label: "this machine's default", nodeOptions: [] },
  {
    label: `as in a container of ${CONTAINER} MB`,
    // What the runtime tells the settings there, and the heap that V8 gives itself there (half of the memory).
    nodeOptions: [
      `--max-old-space-size=${CONTAINER / 2}`,
      "--import",
      `data:text/javascript,process.constrainedMemory=()=>${CONTAINER * 2 ** 20}`,
    ],
  },
];

const STEPS = ["start", "ktp", "selfie"] as const;
type Step = (typeof STEPS)[number];

/** What one service did. */
interface Course {
  readonly ready: Memory;
  /** After each verification, in order. */
  readonly memory: readonly Memory[];
  readonly peak: number;
  readonly milliseconds: Readonly<Record<Step, readonly number[]>>;
  readonly perMinute: number;
  /** Processor time of one verification. */
  readonly cpuSeconds: number;
  /** How often each status was the answer. */
  readonly outcomes: ReadonlyMap<string, number>;
}

/** Sends whole verifications to a service in a process of its own and watches its memory. */
export async function memory(setting: Setting): Promise<Report> {
  const courses: { readonly way: Way; readonly course: Course }[] = [];
  for (const [number, way] of WAYS.entries()) {
    const env = environment(setting, join(setting.scratch, `memory-${number}`));
    const people = await samplePeople(env, join(setting.scratch, `people-${number}`));
    const service = await startService(env, way.nodeOptions);
    try {
      const onDone = (done: number) => setting.progress(`memory: ${way.label}, ${done} of ${VERIFICATIONS}`);
      courses.push({ way, course: await verifyAll(service, people, onDone) });
    } finally {
      await service.stop();
    }
  }
  const [{ course: standard }] = courses;
  const after = (course: Course, mark: number) => windowed(course.memory.slice(mark - WINDOW, mark));
  const most = after(standard, VERIFICATIONS).resident;
  const growth = most / after(standard, VERIFICATIONS / 2).resident - 1;
  return {
    tables: courses.flatMap(({ way, course }) => [
      memoryTable(way, course, (mark) => after(course, mark)),
      timesTable(course),
    ]),
    goals: [
      {
        goal: `at most ${MOST_RESIDENT} MB resident after ${VERIFICATIONS}`,
        measured: `${figures(most)} MB`,
        met: most <= MOST_RESIDENT,
      },
      {
        goal: `not growing from ${VERIFICATIONS / 2} to ${VERIFICATIONS} (at most ${MOST_GROWTH * 100} %)`,
        measured: `${(growth * 100).toFixed(1)} %`,
        met: growth <= MOST_GROWTH,
      },
    ],
    notes: courses.map(({ way, course }) => {
      const left = CONTAINER - course.peak;
      const outcomes = [...course.outcomes].map(([status, count]) => `${count} ${status}`).join(", ");
      return `${way.label}: ${outcomes}; the peak is ${figures(Math.abs(left))} MB ${left >= 0 ? "below" : "above"} the deployment's ${CONTAINER} MB.`;
    }),
    figures: {
      ways: courses.map(({ way, course }) => ({
        way: way.label,
        ready: course.ready,
        after: Object.fromEntries(MARKS.map((mark) => [mark, after(course, mark)])),
        peak: course.peak,
        perMinute: course.perMinute,
        cpuSeconds: course.cpuSeconds,
        steps: Object.fromEntries(
          STEPS.map((step) => [
            step,
            { p50: median(course.milliseconds[step]), p99: quantile(course.milliseconds[step], 0.99) },
          ]),
        ),
        outcomes: Object.fromEntries(course.outcomes),
      })),
      growth,
    },
  };
}

interface Person {
  readonly ktp: string;
  readonly selfie: string;
}

/** Draws sample citizens, known to the registry of the data folder. @returns their pictures as base64 */
async function samplePeople(env: Record<string, string>, folder: string): Promise<readonly Person[]> {
  await runCommand(env, ["sample", "--seed", `${SEED}`, "--count", `${PEOPLE}`, "--out", folder]);
  const picture = (kind: string, number: number) =>
    readFile(join(folder, `${kind}-${String(number).padStart(4, "0")}.jpg`), "base64");
  return Promise.all(
    Array.from({ length: PEOPLE }, async (_, i) => ({
      ktp: await picture("ktp", i + 1),
      selfie: await picture("selfie", i + 1),
    })),
  );
}

async function verifyAll(
  service: ServiceProcess,
  people: readonly Person[],
  onDone: (done: number) => void,
): Promise<Course> {
  const token = await signToken({
    secret: SECRET,
    user: "benchmark",
    scopes: ["kyc:service"],
    minutes: TOKEN_MINUTES,
  });
  const milliseconds: Record<Step, number[]> = { start: [], ktp: [], selfie: [] };
  const outcomes = new Map<string, number>();
  const memory: Memory[] = [];
  const post = async (step: Step, body: object) => {
    let answer: { readonly verification_id?: string; readonly status?: string | number } = {};
    const spent = await clock(async () => {
      const response = await fetch(`${service.url}/api/v1/kyc/verify/${step}`, {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      answer = (await response.json()) as typeof answer;
    });
    milliseconds[step].push(spent);
    return answer;
  };
  const verify = async (number: number) => {
    const { ktp, selfie } = people[number % people.length];
    const { verification_id } = await post("start", { user_id: `benchmark-${number}` });
    const read = await post("ktp", { verification_id, ktp_image: ktp });
    const decided =
      read.status === "PROCESSING" ? await post("selfie", { verification_id, selfie_image: selfie }) : read;
    const outcome = `${decided.status}`;
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  };

  const ready = service.memory();
  const cpuBefore = service.cpuSeconds();
  let next = 0;
  const client = async () => {
    while (next < VERIFICATIONS) {
      await verify(next++);
      memory.push(service.memory());
      onDone(memory.length);
    }
  };
  const spent = await clock(() => Promise.all(Array.from({ length: CLIENTS }, client)));
  return {
    ready,
    memory,
    peak: service.memory().peak,
    milliseconds,
    perMinute: VERIFICATIONS / (spent / 60_000),
    cpuSeconds: (service.cpuSeconds() - cpuBefore) / VERIFICATIONS,
    outcomes,
  };
}

const windowed = (memory: readonly Memory[]): Omit<Memory, "peak"> => ({
  resident: median(memory.map(({ resident }) => resident)),
  own: median(memory.map(({ own }) => own)),
});

function memoryTable(
  { label }: Way,
  { ready, peak }: Course,
  after: (mark: number) => Omit<Memory, "peak">,
): Table {
  const row = (name: string, { resident, own }: Omit<Memory, "peak">) => [name, resident, own];
  return {
    title: `Memory of one process, ${label} (each the median of the last ${WINDOW})`,
    head: ["", "resident MB", "its own MB"],
    rows: [
      row("ready", ready),
      ...MARKS.map((mark) => row(`after ${mark}`, after(mark))),
      ["peak", peak, ""],
    ],
  };
}

function timesTable({ milliseconds, perMinute, cpuSeconds }: Course): Table {
  return {
    title: `Its steps over HTTP, ${CLIENTS} clients: ${figures(perMinute)} verifications a minute, ${figures(cpuSeconds)} s of processor time each`,
    head: ["", "median ms", "99 % ms"],
    rows: STEPS.filter((step) => milliseconds[step].length > 0).map((step) => [
      step,
      median(milliseconds[step]),
      quantile(milliseconds[step], 0.99),
    ]),
  };
}
