import { fileURLToPath } from "node:url";
import { BulkheadRejectedError, bulkhead } from "cockatiel";
import { Piscina } from "piscina";
import type { KtpReport, SelfieReport } from "./facts.ts";
import { ImageRefusedError } from "./image.ts";
import type { ChallengeReport } from "./liveness/active.ts";
import { type Vision, VisionBusyError, VisionFailedError } from "./vision.ts";
import type { Answer, ChallengeJob, WorkerSetup } from "./worker.ts";

export interface PoolOptions extends WorkerSetup {
  /** Worker threads; each loads all networks and works on one picture at a time. */
  readonly workers: number;
  /** Pictures that may wait. */
  readonly queue: number;
  readonly faceModel: Vision["faceModel"];
  readonly strongSpoofing: boolean;
  /** Told of worker deaths that no job was there to hear of. */
  readonly onError: (error: Error) => void;
  /** The worker's file; another one only in tests of its death. */
  readonly worker?: string;
}

/** No picture takes this long; a worker that does not come back is ended and replaced. */
const JOB_SECONDS = 30;
/** Guess of a picture's time where none has been measured, for Retry-After. */
const TYPICAL_SECONDS = 1;

/**
 * Starts the workers and waits until each has loaded its networks.
 * @throws Error where they cannot be loaded
 */
export async function openPool(options: PoolOptions): Promise<Vision> {
  const { workers, queue, models, livenessThreshold } = options;
  const pool = new Piscina({
    filename: options.worker ?? fileURLToPath(new URL("./worker.ts", import.meta.url)),
    minThreads: workers,
    maxThreads: workers,
    // A worker that sleeps on Atomics does not run the callbacks of sharp and onnxruntime.
    atomics: "disabled",
    workerData: { models, livenessThreshold } satisfies WorkerSetup,
  });
  pool.on("error", options.onError);
  // Jobs wait here, not in the pool: so the time limit of a job begins when a worker takes it.
  const gate = bulkhead(workers, queue);
  const waiting = () => queue - gate.queueSlots;
  const running = () => workers - gate.executionSlots;
  let closing = false;

  async function run<T>(name: "ktp" | "selfie" | "challenge", job: Uint8Array | ChallengeJob): Promise<T> {
    const busy = () => new VisionBusyError(Math.max(1, Math.ceil((waiting() * TYPICAL_SECONDS) / workers)));
    if (closing) throw busy();
    let answer: Answer<T>;
    try {
      answer = await gate.execute(() =>
        pool.run(job, { name, signal: AbortSignal.timeout(JOB_SECONDS * 1000) }),
      );
    } catch (error) {
      if (error instanceof BulkheadRejectedError) throw busy();
      throw new VisionFailedError("An image worker failed.", { cause: error });
    }
    if ("fault" in answer) throw new ImageRefusedError(answer.fault);
    return answer.report;
  }

  try {
    await Promise.all(Array.from({ length: workers }, () => pool.run(undefined, { name: "ready" })));
  } catch (error) {
    await pool.destroy();
    throw error;
  }
  return {
    faceModel: options.faceModel,
    strongSpoofing: options.strongSpoofing,
    readKtp: (bytes) => run<KtpReport>("ktp", bytes),
    judgeSelfie: (bytes) => run<SelfieReport>("selfie", bytes),
    judgeChallenge: (frames, actions) => run<ChallengeReport>("challenge", { frames, actions }),
    get load() {
      return { running: running(), waiting: waiting(), workers };
    },
    async close() {
      closing = true;
      while (running() + waiting() > 0) await new Promise((resolve) => setTimeout(resolve, 10));
      await pool.destroy();
    },
  };
}
