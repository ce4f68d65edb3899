import { type ReactNode, useCallback, useEffect, useRef, useState } from "react";
import { CameraView } from "./CameraView.tsx";
import { useCamera } from "./camera.ts";
import { fileToJpeg, toJpeg } from "./picture.ts";
import type { Words } from "./words.ts";

/** Words that guide the person before the camera. */
export type Advice =
  | "holdStill"
  | "tooDark"
  | "tooBright"
  | "glare"
  | "blurred"
  | "ready"
  | "noFace"
  | "severalFaces"
  | "closer"
  | "farther"
  | "straight"
  | "openEyes";

/** Looks at what the camera shows now. Null: nothing can be said, the person takes the photograph by hand. */
export type Watch = (video: HTMLVideoElement) => Promise<Advice | null>;

const WATCH_MS = 120;
/** The shutter goes off by itself after good glances alone for so many milliseconds, and so many of them. */
const STEADY = { ms: 800, glances: 3 };

interface ShotProps {
  readonly words: Words;
  readonly kind: "card" | "face";
  readonly watch: Watch;
  /** The frame or oval over the picture. */
  readonly overlay: ReactNode;
  /** While a picture is being judged, the camera rests. */
  readonly busy: boolean;
  onPicture(picture: Blob): void;
}

/** The camera with its guide and shutter, and the way round it: a photograph from the device. */
export function Shot({ words, kind, watch, overlay, busy, onPicture }: ShotProps) {
  const facing = kind === "card" ? "environment" : "user";
  const { video, state, again } = useCamera(facing, !busy);
  const [advice, setAdvice] = useState<Advice | null>(null);
  const [fault, setFault] = useState<string | null>(null);
  const file = useRef<HTMLInputElement>(null);

  const shoot = useCallback(async () => {
    if (video.current && video.current.videoWidth > 0) onPicture(await toJpeg(video.current));
  }, [video, onPicture]);

  useEffect(() => {
    if (state !== "on" || busy) return;
    let steady = 0;
    let since = 0;
    let left = false;
    const look = async () => {
      const element = video.current;
      const seen = element && element.videoWidth > 0 ? await watch(element) : null;
      if (left) return;
      setAdvice(seen);
      if (seen !== "ready") steady = 0;
      else if (steady++ === 0) since = performance.now();
      if (steady >= STEADY.glances && performance.now() - since >= STEADY.ms) return void shoot();
      timer = setTimeout(look, WATCH_MS);
    };
    let timer = setTimeout(look, WATCH_MS);
    return () => {
      left = true;
      clearTimeout(timer);
    };
  }, [state, busy, watch, shoot, video]);

  const choose = async (chosen: File | undefined) => {
    if (!chosen) return;
    try {
      const picture = await fileToJpeg(chosen);
      setFault(null);
      onPicture(picture);
    } catch {
      setFault(words.notAPicture);
    }
  };

  return (
    <div className="shot">
      <CameraView
        words={words}
        kind={kind}
        video={video}
        state={state}
        advice={!busy && advice ? words[advice] : ""}
        good={advice === "ready"}
        denied={words.cameraDeniedText}
        missing={words.cameraMissingText}
        onAgain={again}
      >
        {overlay}
      </CameraView>
      {fault && (
        <p className="notice bad" role="alert">
          {fault}
        </p>
      )}
      <div className="actions">
        {state === "on" && (
          <button type="button" disabled={busy} onClick={() => void shoot()}>
            {words.shutter}
          </button>
        )}
        <button type="button" className="quiet" disabled={busy} onClick={() => file.current?.click()}>
          {words.chooseFile}
        </button>
        <input
          ref={file}
          type="file"
          accept="image/jpeg,image/png,image/webp,image/heic"
          hidden
          onChange={(event) => {
            void choose(event.target.files?.[0]);
            event.target.value = "";
          }}
        />
      </div>
    </div>
  );
}
