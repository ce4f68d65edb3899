import { mkdtemp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { signToken } from "../src/http/auth.ts";
import { allocator, CONTAINER_MIB, V8_OPTIONS } from "../test/support/deployment.ts";
import { startPostgres } from "../test/support/postgres.ts";
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

/** After how many verifications memory is told. */
const MARKS = [20, 50, 100, 150, 200];
/** What is told is the median of the last so many, since garbage comes and goes. */
const WINDOW = 20;
/** Goals, in MB and as a share. */
const MOST_RESIDENT = 700;
const MOST_GROWTH = 0.05;
/** Of the sample citizens; each is verified again and again, by users of their own. */
const SEED = 31;
const PEOPLE = 10;
/** At a time: as many as this machine's default has workers on two cores. */
const CLIENTS = 2;
const TOKEN_MINUTES = 60;
/** In MB. */
const MEBIBYTE = 2 ** 20 / 1e6;

/** How a service is run. */
export interface Way {
  readonly label: string;
  readonly verifications: number;
  readonly nodeOptions: readonly string[];
  /** Over the settings that every service of the benchmark has. */
  readonly env: Readonly<Record<string, string>>;
  /** Whether a former start has drawn the sample pictures of the start-up message. */
  readonly secondStart: boolean;
}

/** As `npm start` runs it the first time: its own database in the process, as many workers as there are cores. */
const STANDARD: Way = {
  label: "first start on this machine",
  verifications: 200,
  nodeOptions: [],
  env: {},
  secondStart: false,
};

/** As the deployment runs it: little memory, the database elsewhere. */
export const deployed = (databaseUrl: string | null): Way => ({
  label: `in ${CONTAINER_MIB} MB, ${databaseUrl === null ? "its own database" : "PostgreSQL outside"}, ${allocator ? "jemalloc" : "glibc's allocator"}`,
  verifications: 50,
  // The last is what the runtime tells the settings there.
  nodeOptions: [
    ...V8_OPTIONS,
    "--import",
    `data:text/javascript,process.constrainedMemory=()=>${CONTAINER_MIB * 2 ** 20}`,
  ],
  env: {
    ...(databaseUrl !== null && { DATABASE_URL: databaseUrl }),
    ...allocator,
  },
  secondStart: true,
});

const STEPS = ["start", "ktp", "selfie"] as const;
type Step = (typeof STEPS)[number];

/** What one service did. */
interface Course {
  readonly way: Way;
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

/** Sends whole verifications to services in processes of their own and watches their memory. */
export async function memory(setting: Setting): Promise<Report> {
  const standard = await run(STANDARD, setting);
  const server = await startPostgres();
  const way = deployed("skip" in server ? null : await server.createDatabase());
  const small = await run(way, setting).finally(() => ("skip" in server ? undefined : server.stop()));

  const courses = [standard, small];
  const last = STANDARD.verifications;
  const most = after(standard, last).resident;
  const growth = most / after(standard, last / 2).resident - 1;
  return {
    tables: courses.flatMap((course) => [memoryTable(course), timesTable(course)]),
    goals: [
      {
        goal: `at most ${MOST_RESIDENT} MB resident after ${last}`,
        measured: `${figures(most)} MB`,
        met: most <= MOST_RESIDENT,
      },
      {
        goal: `not growing from ${last / 2} to ${last} (at most ${MOST_GROWTH * 100} %)`,
        measured: `${(growth * 100).toFixed(1)} %`,
        met: growth <= MOST_GROWTH,
      },
    ],
    notes: [
      ...courses.map(({ way, memory, outcomes }) => {
        const own = Math.max(...memory.map((moment) => moment.own));
        const over = own - CONTAINER_MIB * MEBIBYTE;
        const ended = [...outcomes].map(([status, count]) => `${count} ${status}`).join(", ");
        return `${way.label}: ${ended}; its own memory at most ${figures(own)} MB, ${figures(Math.abs(over))} MB ${over > 0 ? "above" : "below"} the ${CONTAINER_MIB} MiB of the deployment.`;
      }),
      "What is resident and not its own are pages of files, which the kernel drops before it ends a container.",
    ],
    figures: {
      growth,
      ways: courses.map((course) => ({
        way: course.way.label,
        ready: course.ready,
        after: Object.fromEntries(marks(course.way).map((mark) => [mark, after(course, mark)])),
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
    },
  };
}

async function run(way: Way, setting: Setting): Promise<Course> {
  const folder = await mkdtemp(join(setting.scratch, "memory-"));
  const env = { ...environment(setting, join(folder, "data")), ...way.env };
  const people = await samplePeople(env, join(folder, "people"));
  if (way.secondStart) await (await startService(env, way.nodeOptions)).stop();
  const service = await startService(env, way.nodeOptions);
  try {
    return await verifyAll(way, service, people, (done) =>
      setting.progress(`memory: ${way.label}, ${done} of ${way.verifications}`),
    );
  } finally {
    await service.stop();
  }
}

/** The marks that a way comes by. */
const marks = ({ verifications }: Way) => MARKS.filter((mark) => mark <= verifications);

/** Memory after so many verifications. */
function after({ memory }: Course, mark: number): Resident {
  const window = memory.slice(Math.max(0, mark - WINDOW), mark);
  return {
    resident: median(window.map(({ resident }) => resident)),
    own: median(window.map(({ own }) => own)),
  };
}

type Resident = Omit<Memory, "peak">;

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
  way: Way,
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
    while (next < way.verifications) {
      await verify(next++);
      memory.push(service.memory());
      onDone(memory.length);
    }
  };
  const spent = await clock(() => Promise.all(Array.from({ length: CLIENTS }, client)));
  return {
    way,
    ready,
    memory,
    peak: service.memory().peak,
    milliseconds,
    perMinute: way.verifications / (spent / 60_000),
    cpuSeconds: (service.cpuSeconds() - cpuBefore) / way.verifications,
    outcomes,
  };
}

function memoryTable(course: Course): Table {
  const { way, ready, peak } = course;
  const row = (name: string, { resident, own }: Resident) => [name, resident, own];
  return {
    title: `Memory of one process, ${way.label} (each the median of the last ${WINDOW})`,
    head: ["", "resident MB", "its own MB"],
    rows: [
      row("ready", ready),
      ...marks(way).map((mark) => row(`after ${mark}`, after(course, mark))),
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
