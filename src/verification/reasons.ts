import type { Verification } from "./ports.ts";

/** Why a verification did not end VERIFIED, for counting; people are told sentences (policy.ts). */
export const REASONS = [
  "attempts",
  "liveness",
  "face_match",
  "registry_blocked",
  "registry_deceased",
  "registry_invalid",
  "registry_not_found",
  "registry_particulars",
  "registry_unanswered",
  "duplicate_nik",
  "duplicate_face",
] as const;
export type Reason = (typeof REASONS)[number];

const REGISTRY: Readonly<Record<string, Reason>> = {
  BLOCKED: "registry_blocked",
  DECEASED: "registry_deceased",
  INVALID: "registry_invalid",
  NOT_FOUND: "registry_not_found",
  ERROR: "registry_unanswered",
};

/** What of an ended verification's evidence speaks against it; `attempts` where it never came to evidence. */
export function reasonsOf({
  status,
  liveness,
  faceMatch,
  dukcapil,
  duplicateOf,
}: Pick<Verification, "status" | "liveness" | "faceMatch" | "dukcapil" | "duplicateOf">): readonly Reason[] {
  if (status === "VERIFIED") return [];
  const reasons: Reason[] = [];
  if (liveness?.is_live === false) reasons.push("liveness");
  if (faceMatch?.is_match === false) reasons.push("face_match");
  const registry = REGISTRY[dukcapil?.status ?? ""];
  if (registry) reasons.push(registry);
  if (dukcapil?.status === "VALID" && !dukcapil.is_valid) reasons.push("registry_particulars");
  for (const by of ["nik", "face"] as const) {
    if (duplicateOf?.some((one) => one.by === by)) reasons.push(`duplicate_${by}`);
  }
  return reasons.length > 0 ? reasons : ["attempts"];
}
