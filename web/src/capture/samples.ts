import type { Action } from "../../../src/vision/liveness/actions.ts";
import { type Frame, jpegFrom } from "./recording.ts";

/** A sample picture that the demo page offers in place of a camera. */
export interface Sample {
  readonly file: string;
  readonly id: string;
  readonly en: string;
}

/** What the demo page shows, and the steps for which the capture page offers it. */
export const SAMPLES: Readonly<Record<"card" | "face", readonly Sample[]>> = {
  card: [
    { file: "ktp.jpg", id: "KTP yang sah", en: "A good KTP" },
    { file: "blocked-ktp.jpg", id: "KTP yang diblokir", en: "A blocked citizen's KTP" },
    { file: "not-a-ktp.jpg", id: "Bukan KTP", en: "No KTP" },
  ],
  face: [
    { file: "selfie.jpg", id: "Pemilik KTP yang sah", en: "The good KTP's holder" },
    { file: "blocked-selfie.jpg", id: "Pemilik KTP yang diblokir", en: "The blocked citizen" },
    { file: "other-person-selfie.jpg", id: "Orang lain", en: "Somebody else" },
  ],
};

const DEMO = "kyc-demo";
/** Whether this tab was sent here by the demo page. */
export const isDemo = (): boolean => sessionStorage.getItem(DEMO) !== null;
export const beginDemo = (): void => sessionStorage.setItem(DEMO, "yes");
export const addressOf = ({ file }: Sample): string => `/demo/samples/${file}`;

/** @throws where the service has it not */
export async function pictureOf(sample: Sample): Promise<Blob> {
  const response = await fetch(addressOf(sample));
  if (!response.ok) throw new Error(`no sample ${sample.file}`);
  return response.blob();
}

/**
 * Frames in which a sample person does what a challenge asks for, no sooner than a camera would have them.
 * @throws where the service cannot make them
 */
export async function framesOf({ file }: Sample, actions: readonly Action[]): Promise<Frame[]> {
  const begun = performance.now();
  const query = new URLSearchParams([["face", file], ...actions.map((action) => ["action", action])]);
  const response = await fetch(`/demo/frames?${query}`);
  if (!response.ok) throw new Error("no sample frames");
  const made = (await response.json()) as readonly { readonly at: number; readonly jpeg: string }[];
  const left = made[made.length - 1].at - (performance.now() - begun);
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, left)));
  return made.map(({ at, jpeg }) => ({ at, jpeg: jpegFrom(jpeg) }));
}
