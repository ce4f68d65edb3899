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

/** A JPEG out of its base64. */
export function jpegFrom(base64: string): Blob {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  return new Blob([bytes], { type: "image/jpeg" });
}

/** Takes frames of what the camera shows, with their times. */
export function record(video: HTMLVideoElement): Recording {
  const frames: { readonly at: number; readonly dataUrl: string }[] = [];
  const scale = SHORTER / Math.min(video.videoWidth, video.videoHeight);
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(video.videoWidth * scale);
  canvas.height = Math.round(video.videoHeight * scale);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const take = () => {
    const at = performance.now();
    context?.drawImage(video, 0, 0, canvas.width, canvas.height);
    // At once: `toBlob` waits until the page has nothing else to do, while the networks keep it busy.
    frames.push({ at, dataUrl: canvas.toDataURL("image/jpeg", JPEG_QUALITY) });
    timer = setTimeout(take, Math.max(0, EVERY_MS - (performance.now() - at)));
  };
  take();
  return {
    stop(movements) {
      clearTimeout(timer);
      const left = thinOut(movements ? thinRest(frames, movements) : frames, MOST_FRAMES);
      return left.map(({ at, dataUrl }) => ({ at, jpeg: jpegFrom(dataUrl.slice(dataUrl.indexOf(",") + 1)) }));
    },
  };
}
