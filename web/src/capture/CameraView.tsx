import type { ReactNode, RefObject } from "react";
import type { CameraState } from "./camera.ts";
import type { Words } from "./words.ts";

interface CameraViewProps {
  readonly words: Words;
  readonly kind: "card" | "face";
  readonly video: RefObject<HTMLVideoElement | null>;
  readonly state: CameraState;
  /** What to do now, told to who cannot see it too. */
  readonly advice: string;
  readonly good: boolean;
  /** The frame or oval over the picture, and what is drawn on it. */
  readonly children: ReactNode;
  /** What to do where the camera may not be used, and where there is none. */
  readonly denied: string;
  readonly missing: string;
  onAgain(): void;
}

/** What the camera shows, with what to do; or why there is no camera, and how to go on. */
export function CameraView(props: CameraViewProps) {
  const { words, kind, video, state, advice, good, children, denied, missing, onAgain } = props;
  const hidden = state === "denied" || state === "missing";
  return (
    <>
      <div className={`view ${kind}`} data-camera={state} hidden={hidden}>
        <video ref={video} playsInline muted className={kind === "face" ? "mirrored" : ""} />
        {children}
        <p className={`advice ${good ? "good" : ""}`} role="status" aria-live="polite">
          {state === "starting" ? words.cameraStarting : state === "on" ? advice : ""}
        </p>
      </div>
      {hidden && (
        <div className="notice" role="alert">
          <strong>{state === "denied" ? words.cameraDenied : words.cameraMissing}</strong>
          <p>{state === "denied" ? denied : missing}</p>
          <button type="button" className="quiet" onClick={onAgain}>
            {words.cameraAgain}
          </button>
        </div>
      )}
    </>
  );
}
