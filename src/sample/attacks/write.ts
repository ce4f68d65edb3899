import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Action, drawActions } from "../../vision/liveness/actions.ts";
import type { Models } from "../../vision/models/models.ts";
import { FACES } from "../faces.ts";
import { drawSelfiePicture } from "../portrait.ts";
import { Random } from "../random.ts";
import { drawPicture, film, openStage, type PictureKind, type SequenceKind, type Stage } from "./attacks.ts";

/** Which people: numbers are fitted on one half, and told of the other. */
export type Side = "fit" | "test" | "all";

export interface AttackOrder {
  readonly seed: number;
  /** Of each kind. */
  readonly count: number;
  /** Number of the first of each kind, from 1: pieces made apart are those of one run. */
  readonly first: number;
  /** Folder; made where it is missing. */
  readonly out: string;
  /** A folder of photographs, one face each, in place of those of the npm packages. */
  readonly faces?: string;
  readonly side: Side;
  readonly pictures: readonly PictureKind[];
  readonly sequences: readonly SequenceKind[];
  /** Told after each. */
  readonly onDone?: (file: string) => void;
}

/** One sequence in `sequences.json`. */
export interface WrittenSequence {
  readonly id: string;
  readonly label: SequenceKind;
  readonly person: string;
  readonly actions: readonly Action[];
  readonly frames: readonly { readonly file: string; readonly at: number }[];
}

/**
 * Writes pictures with `labels.csv` (`file,label`), and sequences, a folder each, with `sequences.json`.
 * @throws RangeError where there are too few faces
 */
export async function writeAttacks(
  order: AttackOrder,
  models: Models,
): Promise<{ pictures: number; sequences: number }> {
  const { seed, first, count, out, onDone = () => undefined } = order;
  await mkdir(out, { recursive: true });
  const people = await peopleOf(order);
  if (people.length < 2) throw new RangeError("two people are needed at least");
  const stages = new Map<string, Promise<Stage>>();
  const stageOf = (person: Person): Promise<Stage> => {
    const stage = stages.get(person.id) ?? person.photograph().then((bytes) => openStage(bytes, models));
    stages.set(person.id, stage);
    return stage;
  };
  const rows: string[] = [];
  const sequences: WrittenSequence[] = [];
  for (let i = first - 1; i < first - 1 + count; i++) {
    const person = people[i % people.length];
    for (const kind of order.pictures) {
      const file = `${kind}-${number(i)}.jpg`;
      await writeFile(join(out, file), await drawPicture(await stageOf(person), kind, seed + i));
      rows.push(`${file},${kind}`);
      onDone(file);
    }
    for (const label of order.sequences) {
      const random = new Random(seed, i, "challenge");
      const actions = drawActions((n) => random.whole(0, n - 1));
      const other = await stageOf(people[(i + 1) % people.length]);
      const frames = await film(await stageOf(person), { kind: label, actions, seed: seed + i, other });
      const id = `${label}-${number(i)}`;
      await mkdir(join(out, id), { recursive: true });
      const written: { file: string; at: number }[] = [];
      for (const [k, { at, jpeg }] of frames.entries()) {
        const file = join(id, `${number(k)}.jpg`);
        await writeFile(join(out, file), jpeg);
        written.push({ file, at });
      }
      sequences.push({ id, label, person: person.id, actions, frames: written });
      onDone(id);
    }
  }
  if (order.pictures.length > 0) await writeFile(join(out, "labels.csv"), `file,label\n${rows.join("\n")}\n`);
  if (order.sequences.length > 0) {
    await writeFile(join(out, "sequences.json"), `${JSON.stringify(sequences, null, 1)}\n`);
  }
  return { pictures: rows.length, sequences: sequences.length };
}

interface Person {
  readonly id: string;
  photograph(): Promise<Uint8Array>;
}

async function peopleOf({ faces, seed, side }: AttackOrder): Promise<Person[]> {
  const all: Person[] =
    faces === undefined
      ? FACES.map(({ id }) => ({ id, photograph: () => drawSelfiePicture(id, seed, "attacks") }))
      : (await readdir(faces))
          .filter((name) => /\.(?:jpe?g|png|webp)$/i.test(name))
          .sort()
          .map((name) => ({ id: name, photograph: async () => readFile(join(faces, name)) }));
  return all.filter((_, i) => side === "all" || (side === "fit") === (i % 2 === 0));
}

const number = (i: number) => String(i + 1).padStart(4, "0");
