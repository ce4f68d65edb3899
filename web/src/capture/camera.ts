import { type RefObject, useEffect, useRef, useState } from "react";

export type CameraState = "starting" | "on" | "denied" | "missing";

/** Enough for a card to be read from; the device gives what it has. */
const IDEAL = { width: { ideal: 1920 }, height: { ideal: 1080 } };

/**
 * Runs a camera into a video element for as long as `on`.
 * @param facing  "environment" for the card, "user" for the face
 */
export function useCamera(
  facing: "environment" | "user",
  on: boolean,
): { video: RefObject<HTMLVideoElement | null>; state: CameraState; again: () => void } {
  const video = useRef<HTMLVideoElement>(null);
  const [state, setState] = useState<CameraState>("starting");
  const [turn, setTurn] = useState(0);

  // biome-ignore lint/correctness/useExhaustiveDependencies: `turn` starts the camera anew
  useEffect(() => {
    if (!on) return;
    let stream: MediaStream | undefined;
    let left = false;
    setState("starting");
    const start = async () => {
      if (!navigator.mediaDevices) return setState("missing");
      try {
        stream = await navigator.mediaDevices.getUserMedia({
          audio: false,
          video: { facingMode: facing, ...IDEAL },
        });
        const element = video.current;
        if (left || element === null) return stop(stream);
        element.srcObject = stream;
        await element.play();
        setState("on");
      } catch (error) {
        const { name } = error as DOMException;
        // Leaving the step ends what was being played.
        if (!left) setState(name === "NotAllowedError" || name === "SecurityError" ? "denied" : "missing");
      }
    };
    void start();
    return () => {
      left = true;
      if (stream) stop(stream);
    };
  }, [facing, on, turn]);

  return { video, state, again: () => setTurn((value) => value + 1) };
}

const stop = (stream: MediaStream) => {
  for (const track of stream.getTracks()) track.stop();
};
