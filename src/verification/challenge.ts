import { randomBytes, randomInt, timingSafeEqual } from "node:crypto";
import type { Hint } from "../vision/facts.ts";
import { drawActions } from "../vision/liveness/actions.ts";
import type { ChallengeVerdict } from "../vision/liveness/active.ts";
import { KycError } from "./errors.ts";
import type { Challenge } from "./ports.ts";

/** How long a person has from the asking to the last frame. */
export const CHALLENGE_SECONDS = 120;
/** Clocks of a phone and its network: frames may cover this much more time than has passed since the asking. */
const SLACK_MS = 2_000;
/** A verification is given no more challenges than this: nobody waits for the one that fits a recording. */
const MOST_CHALLENGES = 12;
const NONCE_BYTES = 24;

/** A challenge as it is told to who takes the frames. */
export interface ChallengeAnswer {
  readonly verification_id: string;
  readonly challenge_id: string;
  readonly nonce: string;
  readonly actions: readonly string[];
  /** RFC 3339, UTC. */
  readonly expires_at: string;
}

/** What became of a challenge. */
export interface ChallengeResult extends ChallengeVerdict {
  readonly verification_id: string;
  readonly challenge_id: string;
  readonly next_step: string;
}

/** Frames as they were sent. */
export interface SentFrames {
  readonly nonce: string;
  /** JPEG, and when it was taken: milliseconds of the sender's clock. */
  readonly frames: readonly { readonly at: number; readonly bytes: Uint8Array }[];
}

const refused = (status: number, what: string) => new KycError("KYC_VAL_002", status, what);

/**
 * The challenge that a verification is to be given now: the open one where there is one, so that asking again does not
 * help to get another.
 * @throws KycError 409 where it had too many
 */
export function nextChallenge(
  verificationId: string,
  given: readonly Challenge[],
  newId: () => string,
  now: Date,
): Challenge {
  const open = given.find(({ usedAt, expiresAt }) => usedAt === null && expiresAt > now);
  if (open) return open;
  if (given.length >= MOST_CHALLENGES) {
    throw refused(409, "This verification was given too many liveness challenges. Start a new verification.");
  }
  return {
    challengeId: newId(),
    verificationId,
    nonce: randomBytes(NONCE_BYTES).toString("base64url"),
    actions: drawActions((n) => randomInt(n)),
    issuedAt: now,
    expiresAt: new Date(now.getTime() + CHALLENGE_SECONDS * 1000),
    usedAt: null,
    passed: null,
    verdict: null,
    frames: [],
  };
}

/**
 * The challenge that these frames answer.
 * @throws KycError 404 for none of this verification's, 409 for one that was used, 410 for one that has expired, 400
 *         for frames that are another challenge's or cannot have been taken since it was given
 */
export function challengeFor(
  challengeId: string,
  { nonce, frames }: SentFrames,
  given: readonly Challenge[],
  now: Date,
): Challenge {
  const challenge = given.find((one) => one.challengeId === challengeId);
  if (!challenge) {
    throw refused(404, "This verification was given no such challenge. Ask for one: POST …/liveness.");
  }
  if (challenge.usedAt !== null) {
    throw refused(409, "This challenge was used already. Ask for a new one: POST …/liveness.");
  }
  if (challenge.expiresAt <= now) {
    throw refused(410, "This challenge has expired. Ask for a new one: POST …/liveness.");
  }
  const [sent, issued] = [Buffer.from(nonce), Buffer.from(challenge.nonce)];
  if (sent.length !== issued.length || !timingSafeEqual(sent, issued)) {
    throw refused(400, "nonce is not this challenge's. Send back the one that came with it.");
  }
  const covered = frames[frames.length - 1].at - frames[0].at;
  if (covered > now.getTime() - challenge.issuedAt.getTime() + SLACK_MS) {
    throw refused(400, "captured_at covers more time than has passed since the challenge was given.");
  }
  return challenge;
}

/** What to do better; never empty. */
export function challengeHints({ actions, checks }: ChallengeVerdict): Hint[] {
  const hints = new Set<Hint>();
  const failed = new Set(checks.filter(({ ok }) => !ok).map(({ name }) => name));
  const faults = new Set(actions.map(({ fault }) => fault));
  if (failed.has("one_face")) hints.add("face_lost");
  if (faults.has("not_seen") || failed.has("order")) hints.add("action_not_seen");
  if (faults.has("too_fast")) hints.add("moved_too_fast");
  if (faults.has("too_slow")) hints.add("moved_too_slowly");
  if (failed.has("times") || failed.has("distinct") || failed.has("continuous"))
    hints.add("recording_broken");
  // Why it is doubted is told by the checks; somebody who means well can do one thing only.
  if (failed.has("same_face") || failed.has("depth") || failed.has("genuine")) hints.add("not_live");
  return [...hints];
}
