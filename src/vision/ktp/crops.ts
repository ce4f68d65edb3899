import sharp from "sharp";
import type { KtpCrops } from "../facts.ts";
import type { Pixels } from "../image.ts";
import { CARD, type CardPart, type CardPlace, partOf } from "./card.ts";

/** Where the portrait and the signature stand on a card, with room for what the grid does not tell, in millimetres. */
const PORTRAIT: CardPart = { x: 61.5, y: 9, width: 22, height: 28.5 };
const SIGNATURE: CardPart = { x: 58.5, y: 42, width: 26, height: 11 };
/** Pixels a millimetre, where the photograph has as many: the 300 dots an inch that cards are printed with. */
const MOST_SCALE = 12;
const JPEG_QUALITY = 90;

/** The portrait and the signature, rectified, as JPEG. */
export async function cropsOf(image: Pixels, place: CardPlace): Promise<KtpCrops> {
  const scale = Math.max(1, Math.min(MOST_SCALE, place.pixels / CARD.width));
  const jpeg = async (part: CardPart): Promise<Uint8Array> => {
    const { data, width, height } = partOf(image, place, part, scale);
    return sharp(data, { raw: { width, height, channels: 3 } })
      .jpeg({ quality: JPEG_QUALITY })
      .toBuffer();
  };
  const [portrait, signature] = await Promise.all([jpeg(PORTRAIT), jpeg(SIGNATURE)]);
  return { portrait, signature };
}
