import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type CitizenStatus, citizenOfCard } from "../dukcapil/citizens.ts";
import type { Register } from "../dukcapil/register.ts";
import { drawKtp, drawNotAKtp, drawSelfie, makeCitizen } from "./sample.ts";

/** The pictures that a new installation makes for whoever tries it, by what they are for. */
export const SAMPLE_SET = {
  ktp: "ktp.jpg",
  selfie: "selfie.jpg",
  otherSelfie: "other-person-selfie.jpg",
  blockedKtp: "blocked-ktp.jpg",
  blockedSelfie: "blocked-selfie.jpg",
  notAKtp: "not-a-ktp.jpg",
} as const;

const SEED = 2026;

/**
 * Writes the set into `folder` and enters its citizens into the simulator's register. What stands on the cards is
 * written nowhere else: a search of the data folder for a NIK finds nothing.
 */
export async function writeSampleSet(folder: string, register: Register): Promise<void> {
  await mkdir(folder, { recursive: true });
  const [holder, other, blocked] = await Promise.all([0, 1, 2].map((index) => makeCitizen(SEED, index)));
  const enter = (citizen: typeof holder, status: CitizenStatus) => citizenOfCard(citizen, status);
  await register.add([enter(holder, "VALID"), enter(other, "VALID"), enter(blocked, "BLOCKED")]);
  const put = async (name: string, bytes: Promise<Uint8Array>) => writeFile(join(folder, name), await bytes);
  await put(SAMPLE_SET.selfie, drawSelfie(holder));
  await put(SAMPLE_SET.otherSelfie, drawSelfie(other));
  await put(SAMPLE_SET.blockedKtp, drawKtp(blocked));
  await put(SAMPLE_SET.blockedSelfie, drawSelfie(blocked));
  await put(SAMPLE_SET.notAKtp, drawNotAKtp(SEED, "landscape"));
  // Last: its presence says that the set is whole.
  await put(SAMPLE_SET.ktp, drawKtp(holder));
}
