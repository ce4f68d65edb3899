import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import sharp from "sharp";
import { drawKtp, makeCitizen } from "../src/sample/sample.ts";
import { decodeImage } from "../src/vision/image.ts";
import { KTP_MAX_SIDE, readKtp } from "../src/vision/ktp/ktp.ts";
import { lookAtKtp } from "../src/vision/look.ts";
import type { ModelName } from "../src/vision/models/models.ts";
import { openModels } from "../src/vision/models/open.ts";
import { type Contestant, clock, median, race, ratio } from "./harness.ts";
import { openBare, recorded, type Sight } from "./networks.ts";
import { openGutenye, openPpu } from "./peers/text.ts";
import {
  COMPARISON,
  comparison,
  figures,
  medians,
  type Report,
  type Setting,
  times,
  WARM_UP,
} from "./report.ts";

/** Of the sample citizens whose cards are read: other lines, other sizes of scan. */
const SEEDS = [11, 12, 13];
/** Threads of one inference, ours and the peers': the cores of a small machine. */
const THREADS = 2;
/** Goals: times the bare networks, and times faster than each peer. */
const MOST_OVERHEAD = 1.3;
const LEAST_LEAD = 3;
/** A phone's photograph against the card of a scan's size, and MB over idle of one reading. */
const MOST_PHONE = 2;
const MOST_MEMORY = 250;
/** Pixels of a phone's photograph: 12 megapixels. */
const PHONE = { width: 4032, height: 3024 } as const;

interface Card {
  readonly jpeg: Uint8Array;
  readonly nik: string;
  readonly size: string;
  /** What our reader asks of the networks for this card. */
  readonly sights: readonly Sight[];
}

/** Reads sample cards beside the bare networks and two other readers of text. */
export async function ktp({
  runs,
  threads: wanted,
  cacheDir,
  packDir,
  scratch,
  progress,
}: Setting): Promise<Report> {
  const threads = wanted ?? THREADS;
  const own = await openModels({ cacheDir, packDir, threads });
  const networks = recorded(own);
  const bare = await openBare(own, { cacheDir, packDir, threads });
  const published = await openBare(own, { cacheDir, packDir, threads, published: true });
  const peers = [await openGutenye(threads, scratch), await openPpu(threads)];

  const cards: Card[] = [];
  const niks = new Map<string, number>();
  const found = (reader: string, right: boolean) => niks.set(reader, (niks.get(reader) ?? 0) + Number(right));
  for (const seed of SEEDS) {
    const citizen = await makeCitizen(seed, 0);
    const jpeg = await drawKtp(citizen);
    const { width, height } = await decodeImage(jpeg);
    networks.take();
    const { result } = await lookAtKtp(jpeg, networks.models);
    cards.push({ jpeg, nik: citizen.nik, size: `${width} × ${height}`, sights: networks.take() });
    found("ours", result.nik === citizen.nik);
    for (const peer of peers) found(peer.name, (await peer.read(jpeg)).includes(citizen.nik));
  }
  // As large as a phone takes it; the same card as the first, as people photograph it.
  const phone = await sharp(await drawKtp(await makeCitizen(SEEDS[0], 0), { level: 1 }))
    .resize({ ...PHONE, fit: "cover" })
    .jpeg({ quality: 90 })
    .toBuffer();
  const memory = await memoryOf(phone, threads, join(scratch, "reading.jpg"));
  const cardOf = (round: number) => cards[round % cards.length];

  const stages = new Map<string, number[]>();
  const inside = new Map<ModelName, number[]>();
  const outside = new Map<ModelName, number[]>();
  const note = <Key>(notes: Map<Key, number[]>, key: Key, value: number) => {
    const list = notes.get(key);
    if (list) list.push(value);
    else notes.set(key, [value]);
  };
  const contestants: Contestant[] = [
    {
      name: "ours",
      async run(round) {
        const begun = performance.now();
        const { milliseconds } = await lookAtKtp(cardOf(round).jpeg, networks.models);
        const whole = performance.now() - begun;
        const sights = networks.take();
        if (round >= WARM_UP) {
          for (const [stage, spent] of Object.entries(milliseconds)) note(stages, stage, spent);
          for (const [name, all] of Map.groupBy(sights, (sight) => sight.name))
            note(
              inside,
              name,
              all.reduce((total, sight) => total + sight.milliseconds, 0),
            );
        }
        return whole;
      },
    },
    {
      name: "fields",
      run: (round) => clock(async () => readKtp(await decodeImage(cardOf(round).jpeg, KTP_MAX_SIDE), own)),
    },
    { name: "phone", run: () => clock(() => lookAtKtp(phone, own)) },
    {
      name: "networks",
      async run(round) {
        const spent = await bare.sessions(cardOf(round).sights);
        if (round >= WARM_UP) for (const [name, milliseconds] of spent) note(outside, name, milliseconds);
        return sum(spent.values());
      },
    },
    { name: "prepared", run: (round) => bare.sees(cardOf(round).sights) },
    {
      name: "published",
      run: async (round) => sum((await published.sessions(cardOf(round).sights)).values()),
    },
    ...peers.map(({ name, read }) => ({
      name,
      run: (round: number) => clock(() => read(cardOf(round).jpeg)),
    })),
  ];
  const raced = await race(contestants, {
    runs,
    warmUp: WARM_UP,
    onRound: (number, of) => progress(`ktp: round ${number} of ${of}`),
  });
  for (const peer of peers) await peer.close();
  await bare.close();
  await published.close();
  await own.close();

  const overhead = ratio(raced.ours.wall, raced.published.wall);
  const overBuilt = ratio(raced.ours.wall, raced.networks.wall);
  const larger = ratio(raced.phone.wall, raced.ours.wall);
  const leads = peers.map(({ name }) => ({ name, lead: ratio(raced[name].wall, raced.fields.wall) }));
  const calls = (name: ModelName) => cards[0].sights.filter((sight) => sight.name === name);
  const whole = median(raced.ours.wall);
  const row = (label: string, name: string) => [
    label,
    ...comparison(raced[name], raced.ours),
    niks.has(name) ? `${niks.get(name)} of ${cards.length}` : "",
  ];
  return {
    tables: [
      {
        title: `Reading a card (${cards.map(({ size }) => size).join(", ")}; ${threads} thread${threads === 1 ? "" : "s"}; ${runs} runs each, in turn)`,
        head: ["", ...COMPARISON, "NIK read"],
        rows: [
          row("ours: bytes to fields and portrait", "ours"),
          row("ours: bytes to fields alone", "fields"),
          row("ours: a phone's photograph of 12 megapixels", "phone"),
          row("the networks alone as they are published, same sizes", "published"),
          row("the networks alone as they are built here", "networks"),
          row("those and the preparation of pixels", "prepared"),
          ...peers.map(({ name }) => row(`${name}: bytes to text`, name)),
        ],
      },
      {
        title: "Ours, by stage",
        head: ["", "median ms", "share"],
        rows: [...stages].map(([stage, spent]) => [
          stage,
          median(spent),
          `${figures((100 * median(spent)) / whole)} %`,
        ]),
      },
      {
        title: "Ours, by network",
        head: ["", "calls", "bare ms", "in the reading", "input of the first card"],
        rows: [...outside].map(([name, spent]) => [
          name,
          String(calls(name).length),
          median(spent),
          median(inside.get(name) ?? spent),
          sizes(calls(name)),
        ]),
      },
    ],
    goals: [
      {
        goal: `at most ${MOST_OVERHEAD} × the bare networks as they are published`,
        measured: `${times(overhead)} (${times(overBuilt)} as they are built here)`,
        met: overhead <= MOST_OVERHEAD,
      },
      ...leads.map(({ name, lead }) => ({
        goal: `at least ${LEAST_LEAD} × faster than ${name}`,
        measured: times(lead),
        met: lead >= LEAST_LEAD,
      })),
      {
        goal: `a phone's photograph at most ${MOST_PHONE} × the card`,
        measured: times(larger),
        met: larger <= MOST_PHONE,
      },
      {
        goal: `at most ${MOST_MEMORY} MB over idle for one reading of it`,
        measured: memory === null ? "the system does not tell" : `${figures(memory)} MB`,
        met: memory === null ? null : memory <= MOST_MEMORY,
      },
    ],
    notes: [
      "Ratios are medians of the rounds' own ratios. The peers only read: what they are compared with is our reading of the fields, their checks included, without the portrait's embedding.",
    ],
    figures: {
      milliseconds: medians(raced),
      stages: Object.fromEntries([...stages].map(([stage, spent]) => [stage, median(spent)])),
      networks: Object.fromEntries([...outside].map(([name, spent]) => [name, median(spent)])),
      overhead,
      overBuilt,
      larger,
      memory,
      leads: Object.fromEntries(leads.map(({ name, lead }) => [name, lead])),
    },
  };
}

const sum = (milliseconds: Iterable<number>) => [...milliseconds].reduce((total, spent) => total + spent, 0);

/** MB over idle at the peak of one reading in a fresh process; null where the system does not tell. */
async function memoryOf(jpeg: Uint8Array, threads: number, file: string): Promise<number | null> {
  await writeFile(file, jpeg);
  const script = fileURLToPath(new URL("./reading.ts", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [script, file, String(threads)]);
  const { before, peak } = JSON.parse(stdout) as { before: number | null; peak: number | null };
  return before === null || peak === null ? null : peak - before;
}

/** Widths and heights of the calls of a network: one, or the range. */
function sizes(sights: readonly Sight[]): string {
  const span = (values: readonly number[]) => {
    const [least, most] = [Math.min(...values), Math.max(...values)];
    return least === most ? `${least}` : `${least}–${most}`;
  };
  if (sights.length === 0) return "not called";
  return `${span(sights.map(({ width }) => width))} × ${span(sights.map(({ height }) => height))}`;
}
