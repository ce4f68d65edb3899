import { useEffect, useRef, useState } from "react";
import type { Action } from "../../../src/vision/liveness/actions.ts";
import { ActionPicture } from "./ActionPicture.tsx";
import { CameraView } from "./CameraView.tsx";
import { useCamera } from "./camera.ts";
import { type Cue, perform } from "./perform.ts";
import type { Frame } from "./recording.ts";
import type { Advice } from "./Shot.tsx";
import { adviseFace, loadGuide } from "./watch-face.ts";
import type { Words } from "./words.ts";

/** What the service asks for. */
export interface Asked {
  readonly challenge_id: string;
  readonly nonce: string;
  readonly actions: readonly Action[];
}

interface ChallengeProps {
  readonly words: Words;
  readonly busy: boolean;
  /** Null: it could not be had, and the person was told why. */
  ask(): Promise<Asked | null>;
  onFrames(asked: Asked, frames: readonly Frame[]): void;
}

/** A movement of a third of a second is followed by glances that take no longer than this. */
const QUICK_MS = 250;
const WATCH_MS = 120;

/** The movements before the camera, one at a time. They are recorded here and judged by the service. */
export function Challenge({ words, busy, ask, onFrames }: ChallengeProps) {
  const { video, state, again } = useCamera("user", true);
  const [advice, setAdvice] = useState<Advice | null>(null);
  const [acting, setActing] = useState<{ readonly asked: Asked; readonly cue: Cue } | null>(null);
  const [unseen, setUnseen] = useState(false);
  /** Milliseconds that the last glance took; infinite where there can be none. */
  const glance = useRef(Number.POSITIVE_INFINITY);
  const ended = useRef<AbortController | null>(null);
  const idle = state === "on" && acting === null && !busy;

  useEffect(() => {
    if (!idle) return;
    let left = false;
    const look = async () => {
      const seen = await facesIn(video.current, glance).catch(() => null);
      if (left) return;
      setAdvice(seen && adviseFace(seen));
      if (seen) timer = setTimeout(look, WATCH_MS);
    };
    let timer = setTimeout(look, WATCH_MS);
    return () => {
      left = true;
      clearTimeout(timer);
    };
  }, [idle, video]);
  useEffect(() => () => ended.current?.abort(), []);

  const start = async () => {
    setUnseen(false);
    const asked = await ask();
    const element = video.current;
    if (asked === null || element === null) return;
    const abort = new AbortController();
    ended.current = abort;
    const { signal } = abort;
    const look = glance.current <= QUICK_MS ? () => facesIn(element, glance) : null;
    const onCue = (cue: Cue) => {
      if (cue.at === "back") navigator.vibrate?.(60);
      setActing({ asked, cue });
    };
    // A camera or a network that fails in the middle is as if nothing had been seen.
    const frames = await perform(element, asked.actions, look, onCue, signal).catch(() => null);
    if (signal.aborted) return;
    setActing(null);
    if (frames) return onFrames(asked, frames);
    // Whom the networks here do not see may still be seen by the service: next time each movement has its time.
    glance.current = Number.POSITIVE_INFINITY;
    setUnseen(true);
  };

  const { asked, cue } = acting ?? {};
  const number = cue && "number" in cue ? cue.number : null;
  const action = asked && number !== null ? asked.actions[number] : null;
  return (
    <div className="shot">
      <CameraView
        words={words}
        kind="face"
        video={video}
        state={state}
        advice={asked && cue ? wordsFor(cue, asked, words) : !busy && advice ? words[advice] : ""}
        good={cue?.at === "back" || cue?.at === "last"}
        denied={words.challengeDenied}
        missing={words.challengeMissing}
        onAgain={again}
      >
        <span className="oval" />
        {action && <ActionPicture action={action} />}
      </CameraView>
      {asked && (
        <progress
          aria-label={
            number === null ? words.challengeTitle : words.challengeOf(number + 1, asked.actions.length)
          }
          max={asked.actions.length}
          value={cue?.at === "last" ? asked.actions.length : (number ?? 0)}
        />
      )}
      {unseen && (
        <p className="notice bad" role="alert">
          {words.challengeUnseen}
        </p>
      )}
      {state === "on" && (
        <div className="actions">
          <button type="button" disabled={!idle} onClick={() => void start()}>
            {words.challengeStart}
          </button>
        </div>
      )}
    </div>
  );
}

/** @throws where the networks cannot run */
async function facesIn(video: HTMLVideoElement | null, glance: { current: number }) {
  if (video === null || video.videoWidth === 0) return [];
  const guide = await loadGuide();
  const begun = performance.now();
  const { face } = await guide.detect(video);
  glance.current = performance.now() - begun;
  return face;
}

function wordsFor(cue: Cue, { actions }: Asked, words: Words): string {
  if (cue.at === "ready") return words.challengeReady;
  if (cue.at === "last") return words.challengeLast;
  if (cue.at === "back") return words.challengeBack;
  return `${words.challengeOf(cue.number + 1, actions.length)}: ${words.actions[actions[cue.number]]}`;
}
