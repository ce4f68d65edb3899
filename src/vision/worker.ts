import { workerData } from "node:worker_threads";
import type { KtpReport, SelfieReport } from "./facts.ts";
import { type ImageFault, ImageRefusedError } from "./image.ts";
import type { ChallengeReport } from "./liveness/active.ts";
import { lookAtChallenge, lookAtKtp, lookAtSelfie } from "./look.ts";
import { openModels } from "./models/open.ts";

/** What a worker is started with. */
export interface WorkerSetup {
  readonly models: Parameters<typeof openModels>[0];
  readonly livenessThreshold: number;
}

/** What {@link challenge} is given. */
export interface ChallengeJob {
  readonly frames: Parameters<typeof lookAtChallenge>[0];
  readonly actions: Parameters<typeof lookAtChallenge>[1];
}

/** An error class does not survive the way between threads; the fault's name does. */
export type Answer<T> = { readonly report: T } | { readonly fault: ImageFault };

const setup = workerData as WorkerSetup;
const models = await openModels(setup.models);

/** Answers as soon as the networks are loaded. */
export async function ready(): Promise<void> {}

/** One photograph of a card. */
export const ktp = (bytes: Uint8Array): Promise<Answer<KtpReport>> => answer(lookAtKtp(bytes, models));

/** One selfie. */
export const selfie = (bytes: Uint8Array): Promise<Answer<SelfieReport>> =>
  answer(lookAtSelfie(bytes, models, setup.livenessThreshold));

/** The frames of a liveness challenge. */
export const challenge = ({ frames, actions }: ChallengeJob): Promise<Answer<ChallengeReport>> =>
  answer(lookAtChallenge(frames, actions, models));

async function answer<T>(looked: Promise<T>): Promise<Answer<T>> {
  try {
    return { report: await looked };
  } catch (error) {
    if (error instanceof ImageRefusedError) return { fault: error.fault };
    throw error;
  }
}
