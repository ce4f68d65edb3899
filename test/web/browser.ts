import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { access } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium } from "playwright-core";
import sharp, { type OverlayOptions } from "sharp";

/** Debian's; another one by CHROMIUM. */
const EXECUTABLE = process.env.CHROMIUM ?? "/usr/bin/chromium";

/** Why there can be no browser test here; false where there can. */
export const noBrowser: string | false = await access(EXECUTABLE).then(
  () => false,
  () => `there is no Chromium at ${EXECUTABLE} (Debian: apt-get install chromium)`,
);

/** What the fake camera shows, in pixels. */
const CLIP = { width: 1280, height: 720 };
/** Frames of the clip; the browser plays them again and again. */
const FRAMES = 15;

/**
 * A clip for Chromium's fake camera: one picture, held almost still before a grey wall.
 * @returns motion JPEG: plain JPEGs of one size, one after the other
 */
async function clipOf(scene: Extract<Scene, { camera: "shows" | "empty" }>): Promise<Buffer> {
  const layers: OverlayOptions[] = [];
  if (scene.camera === "shows") {
    const height = Math.round(CLIP.height * scene.share);
    const { data, info } = await sharp(scene.picture)
      .resize({ height })
      .toBuffer({ resolveWithObject: true });
    const left = Math.round((CLIP.width - info.width) / 2);
    layers.push({ input: data, left, top: Math.round((CLIP.height - info.height) / 2) });
  }
  const frame = await sharp({ create: { ...CLIP, channels: 3, background: "#8a8d90" } })
    .composite(layers)
    .jpeg({ quality: 92 })
    .toBuffer();
  return Buffer.concat(Array.from({ length: FRAMES }, () => frame));
}

/** What stands before the camera. */
export type Scene =
  /** `share`: of the clip's height that the picture takes. */
  | { readonly camera: "shows"; readonly picture: Uint8Array; readonly share: number }
  | { readonly camera: "plays"; readonly clip: Uint8Array }
  | { readonly camera: "denied" }
  | { readonly camera: "missing" }
  /** A wall: nothing that a shutter goes off at. */
  | { readonly camera: "empty" };

/** Starts Chromium with a fake camera. Closed with the test. */
export async function launch(
  t: { after(work: () => Promise<unknown>): void },
  scene: Scene,
): Promise<Browser> {
  const folder = mkdtempSync(join(tmpdir(), "kyc-clip-"));
  const flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"];
  flags.push("--disable-background-networking", "--disable-component-update", "--disable-sync");
  if (scene.camera === "missing") flags.push("--use-fake-device-for-media-stream=device-count=0");
  else flags.push("--use-fake-device-for-media-stream");
  // "denied" is Chromium's own answer where nobody is there to be asked.
  if (scene.camera !== "denied") flags.push("--use-fake-ui-for-media-stream");
  if (scene.camera === "shows" || scene.camera === "plays" || scene.camera === "empty") {
    const clip = join(folder, "clip.mjpeg");
    const frames = scene.camera === "plays" ? scene.clip : await clipOf(scene);
    writeFileSync(clip, frames);
    flags.push(`--use-file-for-fake-video-capture=${clip}`);
  }
  const browser = await chromium.launch({ executablePath: EXECUTABLE, args: flags });
  t.after(async () => {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return browser;
}
