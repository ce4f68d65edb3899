import type { KtpQuality } from "../../src/vision/facts.ts";

/** A card photographed as well as can be. */
export const FLAWLESS: KtpQuality = {
  luma: 180,
  blur: 0.06,
  glare: 0,
  glare_box: null,
  colour: 5,
  pattern: 10,
  ground: 0.8,
  outside: 0,
  rotation: 0,
  card_pixels: 1200,
  legibility: 0.99,
};
