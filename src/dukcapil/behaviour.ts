/** How the simulator behaves apart from what it says. */
export interface Behaviour {
  /** Every answer but `/health` takes this long, drawn evenly. Milliseconds. */
  readonly latencyMs: readonly [least: number, most: number];
  /** 0..1: this share of calls fails with 500, response code 96. */
  readonly failureShare: number;
  /** `down`: every connection is cut. `hang`: never an answer. `rubbish`: 200 with a page that is no JSON. */
  readonly mode: "up" | "down" | "hang" | "rubbish";
}

/** The original's: 100 to 800 ms, 3% failures. */
export const FAITHFUL_BEHAVIOUR: Behaviour = { latencyMs: [100, 800], failureShare: 0.03, mode: "up" };
export const INSTANT_BEHAVIOUR: Behaviour = { latencyMs: [0, 0], failureShare: 0, mode: "up" };

/** @returns the change that a request body asks for; null where it is none */
export function behaviourOf(body: unknown): Partial<Behaviour> | null {
  if (typeof body !== "object" || body === null || Array.isArray(body)) return null;
  const { latencyMs, failureShare, mode, ...rest } = body as Record<string, unknown>;
  const share = (value: unknown) => typeof value === "number" && value >= 0 && value <= 1;
  const span = (value: unknown) =>
    Array.isArray(value) &&
    value.length === 2 &&
    value.every((end) => typeof end === "number" && end >= 0 && Number.isFinite(end)) &&
    value[0] <= value[1];
  const fits =
    Object.keys(rest).length === 0 &&
    (latencyMs === undefined || span(latencyMs)) &&
    (failureShare === undefined || share(failureShare)) &&
    (mode === undefined || ["up", "down", "hang", "rubbish"].includes(mode as string));
  return fits ? (body as Partial<Behaviour>) : null;
}
