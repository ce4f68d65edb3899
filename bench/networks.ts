import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { builtFile } from "../src/vision/models/build.ts";
import { CATALOGUE, type Graph, type PackageSource } from "../src/vision/models/catalogue.ts";
import { packageFolder } from "../src/vision/models/files.ts";
import type { ModelName, Models } from "../src/vision/models/models.ts";
import { sessionOptions } from "../src/vision/models/open.ts";
import { readPacks } from "../src/vision/models/packs.ts";
import { clock } from "./harness.ts";

/** One call of a network. */
export interface Sight {
  readonly name: ModelName;
  readonly width: number;
  readonly height: number;
  readonly count: number;
  /** From its pixels to its outputs, preparation included. */
  readonly milliseconds: number;
}

/** Networks that note what they are asked. `take` gives what was noted since it was last called. */
export function recorded(models: Models): { readonly models: Models; take(): readonly Sight[] } {
  let sights: Sight[] = [];
  return {
    take() {
      const taken = sights;
      sights = [];
      return taken;
    },
    models: {
      alphabet: models.alphabet,
      has: (name) => models.has(name),
      close: () => models.close(),
      get(name) {
        const model = models.get(name);
        return {
          name,
          async see(rgb, width, height, count = 1) {
            const begun = performance.now();
            const outputs = await model.see(rgb, width, height, count);
            sights.push({ name, width, height, count, milliseconds: performance.now() - begun });
            return outputs;
          },
        };
      },
    },
  };
}

/** Runs the same networks on the same sizes again, on noise: what they cost whatever is done around them. */
export interface Bare {
  /** Milliseconds inside ONNX Runtime alone, by network. */
  sessions(sights: readonly Sight[]): Promise<ReadonlyMap<ModelName, number>>;
  /** Milliseconds from pixels to outputs, as `Model.see` takes them. */
  sees(sights: readonly Sight[]): Promise<number>;
  close(): Promise<void>;
}

/**
 * @param models     the networks that were recorded; they stay the caller's to close
 * @param published  the ONNX files that their authors publish, where there are some, in place of what is built of them
 *   here (fewer classes, fused, in whole numbers): what a program takes that uses them as they are
 */
export async function openBare(
  models: Models,
  {
    cacheDir,
    packDir,
    threads,
    published = false,
  }: {
    readonly cacheDir: string;
    readonly packDir: string;
    readonly threads: number;
    readonly published?: boolean;
  },
): Promise<Bare> {
  const opened = new Map<ModelName, Opened>();
  const noise = noiseMaker();
  const packs = await readPacks(packDir);
  const place = (name: ModelName): { readonly file: string; readonly graph: Graph } => {
    const { source } = CATALOGUE[name];
    if (source.from === "package") {
      const file = published ? publishedFile(source) : null;
      return { file: file ?? builtFile(cacheDir, name), graph: source.graph };
    }
    const packed = packs.find(({ model }) => model === name);
    if (!packed?.variant) throw new Error(`${name} is not installed in ${packDir}`);
    return { file: packed.file, graph: packed.variant.graph };
  };
  const open = async (name: ModelName): Promise<Opened> => {
    const known = opened.get(name);
    if (known) return known;
    const { file, graph } = place(name);
    // As ours run: threads that spin, the runtime's own choice, keep those of the other sessions from their work.
    const session = await InferenceSession.create(file, sessionOptions(threads));
    const made = { session, layout: graph.input.layout };
    opened.set(name, made);
    return made;
  };
  return {
    async sessions(sights) {
      const spent = new Map<ModelName, number>();
      for (const { name, width, height, count } of sights) {
        const { session, layout } = await open(name);
        const dims = layout === "NHWC" ? [count, height, width, 3] : [count, 3, height, width];
        const input = new Tensor("float32", noise(count * height * width * 3).unit, dims);
        const milliseconds = await clock(() => session.run({ [session.inputNames[0]]: input }));
        spent.set(name, (spent.get(name) ?? 0) + milliseconds);
      }
      return spent;
    },
    sees: (sights) =>
      clock(async () => {
        for (const { name, width, height, count } of sights) {
          await models.get(name).see(noise(count * height * width * 3).bytes, width, height, count);
        }
      }),
    async close() {
      for (const { session } of opened.values()) await session.release();
    },
  };
}

/** The ONNX file of a package that a network is built of; null where the package holds weights of another form. */
function publishedFile({ package: name, files }: PackageSource): string | null {
  const file = Object.keys(files).find((path) => path.endsWith(".onnx"));
  const folder = packageFolder(name);
  return file === undefined || folder === null ? null : join(folder, file);
}

interface Opened {
  readonly session: InferenceSession;
  readonly layout: Graph["input"]["layout"];
}

interface Noise {
  /** 0..255. */
  readonly bytes: Uint8Array;
  /** −1..1. */
  readonly unit: Float32Array;
}

/** Noise of a length, made once for each length: its making is nobody's time. */
function noiseMaker(): (length: number) => Noise {
  const made = new Map<number, Noise>();
  return (length) => {
    const known = made.get(length);
    if (known) return known;
    const bytes = Uint8Array.from({ length }, () => Math.random() * 256);
    const noise = { bytes, unit: Float32Array.from(bytes, (value) => value / 127.5 - 1) };
    made.set(length, noise);
    return noise;
  };
}
