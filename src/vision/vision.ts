import type { KtpReport, SelfieReport } from "./facts.ts";
import type { Action } from "./liveness/actions.ts";
import type { ChallengeReport } from "./liveness/active.ts";

/** The pool has as much to do as it may hold. `retryAfter` is in seconds. */
export class VisionBusyError extends Error {
  readonly retryAfter: number;
  constructor(retryAfter: number) {
    super("All image workers are busy and the queue is full.");
    this.name = "VisionBusyError";
    this.retryAfter = retryAfter;
  }
}

/** A worker died or failed on a picture for a reason that is not the picture's. */
export class VisionFailedError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "VisionFailedError";
  }
}

/** Pixels in, facts out. The rest of the service sees this and nothing behind it. */
export interface Vision {
  /**
   * The embedding network in use, the cosine from which two of its embeddings are one person's, and the one from which
   * a face found among many is told of.
   */
  readonly faceModel: { readonly name: string; readonly threshold: number; readonly identification: number };
  /** Whether the strong spoofing pack is loaded; without it liveness rests on the baseline, which may not decide. */
  readonly strongSpoofing: boolean;
  /** @throws ImageRefusedError, VisionBusyError, VisionFailedError */
  readKtp(bytes: Uint8Array): Promise<KtpReport>;
  /** @throws ImageRefusedError, VisionBusyError, VisionFailedError */
  judgeSelfie(bytes: Uint8Array): Promise<SelfieReport>;
  /**
   * Judges frames against the actions that were asked for.
   * @param frames  JPEG, PNG or WebP, in the order in which they were taken, each with its time in milliseconds
   * @throws ImageRefusedError, VisionBusyError, VisionFailedError
   */
  judgeChallenge(
    frames: readonly { readonly at: number; readonly bytes: Uint8Array }[],
    actions: readonly Action[],
  ): Promise<ChallengeReport>;
  /** Jobs running and waiting now. */
  readonly load: { readonly running: number; readonly waiting: number; readonly workers: number };
  /** Finishes what was accepted, then ends the workers. */
  close(): Promise<void>;
}
