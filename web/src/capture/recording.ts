import { type Span, thinOut, thinRest } from "./thin-out.ts";

/** One frame of the challenge. */
export interface Frame {
  /** Milliseconds of the page's clock. */
  readonly at: number;
  readonly jpeg: Blob;
}

/** About ten frames a second: a blink lasts a third of one. */
const EVERY_MS = 100;
/** Shorter side of a frame in pixels: enough to be judged, and small on a slow line. */
const SHORTER = 480;
const JPEG_QUALITY = 0.8;
/** What the service takes at most, see `POST …/frames`. */
const MOST_FRAMES = 60;

/** A recording that goes on until `stop` is called. */
export interface Recording {
  /**
   * @param movements  when they were done; null where nobody knows
   * @returns the frames to be sent
   */
  stop(movements: readonly Span[] | null): readonly Frame[];
}

/** Takes frames of what the camera shows, with their times. */
export function record(video: HTMLVideoElement): Recording {
  const frames: Frame[] = [];
  const scale = SHORTER / Math.min(video.videoWidth, video.videoHeight);
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(video.videoWidth * scale);
  canvas.height = Math.round(video.videoHeight * scale);
  const context = canvas.getContext("2d");
  let stopped = false;
  const take = () => {
    if (stopped) return;
    const at = performance.now();
    context?.drawImage(video, 0, 0, canvas.width, canvas.height);
    canvas.toBlob(
      (jpeg) => {
        if (stopped) return;
        if (jpeg) frames.push({ at, jpeg });
        setTimeout(take, Math.max(0, EVERY_MS - (performance.now() - at)));
      },
      "image/jpeg",
      JPEG_QUALITY,
    );
  };
  take();
  return {
    stop(movements) {
      stopped = true;
      return thinOut(movements ? thinRest(frames, movements) : frames, MOST_FRAMES);
    },
  };
}
