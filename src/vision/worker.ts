import { workerData } from "node:worker_threads";
import { describePortrait } from "./face/portrait.ts";
import type { FactBox, KtpField, KtpFieldFact, KtpReport, SelfieReport } from "./facts.ts";
import { decodeImage, type ImageFault, ImageRefusedError } from "./image.ts";
import { KTP_MAX_SIDE, readKtp } from "./ktp/ktp.ts";
import { judgeSelfie, SELFIE_MAX_SIDE } from "./liveness/selfie.ts";
import { type OpenModelsOptions, openModels } from "./models/open.ts";

/** What a worker is started with. */
export interface WorkerSetup {
  readonly models: OpenModelsOptions;
  readonly livenessThreshold: number;
}

/** An error class does not survive the way between threads; the fault's name does. */
export type Answer<T> = { readonly report: T } | { readonly fault: ImageFault };

const setup = workerData as WorkerSetup;
const models = await openModels(setup.models);

/** Answers as soon as the networks are loaded. */
export async function ready(): Promise<void> {}

/** One photograph of a card. */
export function ktp(bytes: Uint8Array): Promise<Answer<KtpReport>> {
  return answer(async () => {
    const begun = performance.now();
    const image = await decodeImage(bytes, KTP_MAX_SIDE);
    const decoded = performance.now();
    const { card, ...reading } = await readKtp(image, models);
    const read = performance.now();
    const portrait = await describePortrait(card, models);
    const fields = Object.fromEntries(
      Object.entries(reading.result.fields).map(([name, fact]) => [
        name,
        { ...fact, box: scaled(fact.box, image.scale) },
      ]),
    ) as Record<KtpField, KtpFieldFact>;
    return {
      ...reading,
      result: { ...reading.result, fields },
      portrait,
      milliseconds: { decode: decoded - begun, ...reading.milliseconds, portrait: performance.now() - read },
    };
  });
}

/** One selfie. */
export function selfie(bytes: Uint8Array): Promise<Answer<SelfieReport>> {
  return answer(async () => {
    const begun = performance.now();
    const image = await decodeImage(bytes, SELFIE_MAX_SIDE);
    const decoded = performance.now();
    const report = await judgeSelfie(image, models, { liveness: setup.livenessThreshold });
    const face = report.face && { ...report.face, box: scaled(report.face.box, image.scale) };
    return { ...report, face, milliseconds: { decode: decoded - begun, ...report.milliseconds } };
  });
}

async function answer<T>(judge: () => Promise<T>): Promise<Answer<T>> {
  try {
    return { report: await judge() };
  } catch (error) {
    if (error instanceof ImageRefusedError) return { fault: error.fault };
    throw error;
  }
}

/** From pixels of the decoded picture to pixels of the one that was sent. */
function scaled<T extends FactBox | null>(box: T, scale: number): T {
  return (box && box.map((n) => Math.round(n * scale))) as T;
}
