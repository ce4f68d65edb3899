import sharp from "sharp";
import type { Pixels } from "../image.ts";
import type { Action } from "./actions.ts";
import { type ActionSeen, MOVEMENTS, type Posture, restOf } from "./trajectory.ts";

/** Large enough for a person to tell shut eyes from open ones, and small enough to be kept; pixels. */
const HEIGHT = 480;
const JPEG_QUALITY = 80;

/**
 * For people who look at a challenge again: of each action the frame in which it was farthest; of one that was not seen
 * the frame that came nearest to it, after the actions before.
 * @param postures  of the frames that show the face
 * @param decode    the picture of one of them, by its place among them
 * @returns one JPEG for each action, at most {@link HEIGHT} pixels high; null where no frame shows the face
 */
export async function evidenceOf(
  actions: readonly ActionSeen[],
  postures: readonly Posture[],
  decode: (k: number) => Promise<Pixels>,
): Promise<(Uint8Array | null)[]> {
  const shown: (Uint8Array | null)[] = [];
  let after = 0;
  for (const { action, peak } of actions) {
    if (peak === null) {
      const k = nearest(action, postures, after);
      shown.push(k === null ? null : await jpegOf(await decode(k)));
    } else {
      after = postures.findIndex(({ at }) => at === peak);
      shown.push(await jpegOf(await decode(after)));
    }
  }
  return shown;
}

function nearest(action: Action, postures: readonly Posture[], from: number): number | null {
  const kind = MOVEMENTS.find((one) => one.action === action);
  if (!kind || postures.length === 0) return null;
  const rest = restOf(postures);
  let best = from;
  for (let k = from; k < postures.length; k++)
    if (kind.of(postures[k], rest) > kind.of(postures[best], rest)) best = k;
  return best;
}

/** A frame as it is kept. */
export const jpegOf = ({ data, width, height }: Pixels): Promise<Uint8Array> =>
  sharp(data, { raw: { width, height, channels: 3 } })
    .resize({ height: HEIGHT, withoutEnlargement: true })
    .jpeg({ quality: JPEG_QUALITY })
    .toBuffer();
