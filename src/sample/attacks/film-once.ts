import type { Action } from "../../vision/liveness/actions.ts";
import { openModels } from "../../vision/models/open.ts";
import { film, openStage } from "./attacks.ts";
import type { SampleFrame } from "./sequence.ts";

/**
 * Frames in which a photographed face does what is asked for. The networks that find the face are loaded for it alone.
 * @throws RangeError where the photograph shows no face
 */
export async function filmOnce(
  photograph: Uint8Array,
  actions: readonly Action[],
  { cacheDir, seed }: { readonly cacheDir: string; readonly seed: number },
): Promise<SampleFrame[]> {
  const models = await openModels({ cacheDir, threads: 1, names: ["face-detection", "face-mesh", "iris"] });
  try {
    return await film(await openStage(photograph, models), { kind: "live", actions, seed });
  } finally {
    await models.close();
  }
}
