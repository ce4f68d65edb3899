import { adviseCard, glance } from "./measure.ts";
import type { Watch } from "./Shot.tsx";

/** ID-1, as the frame over the picture shows it. */
export const CARD_RATIO = 85.6 / 53.98;
/** The frame's width as a share of the picture's shorter way, as the style sheet draws it. */
const FRAME_SHARE = 0.86;
const THUMBNAIL = { width: 160, height: 101 };

/** Looks at what lies within the card's frame. */
export function watchCard(): Watch {
  const canvas = document.createElement("canvas");
  canvas.width = THUMBNAIL.width;
  canvas.height = THUMBNAIL.height;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  let before: Float32Array | null = null;
  return async (video) => {
    if (!context) return null;
    const width = Math.min(video.videoWidth, video.videoHeight * CARD_RATIO) * FRAME_SHARE;
    const height = width / CARD_RATIO;
    const x = (video.videoWidth - width) / 2;
    const y = (video.videoHeight - height) / 2;
    context.drawImage(video, x, y, width, height, 0, 0, canvas.width, canvas.height);
    const seen = glance(context.getImageData(0, 0, canvas.width, canvas.height), before);
    before = seen.luma;
    return adviseCard(seen.glance);
  };
}
