import type { Action } from "./actions.ts";

/** What was measured of the face in one frame. */
export interface Posture {
  /** Milliseconds since the first frame. */
  readonly at: number;
  /** 0 shut .. 1 wide open. */
  readonly eyes: number;
  /** 0 closed .. 1 wide open. */
  readonly mouth: number;
  /** Degrees, see `HeadPose`. */
  readonly yaw: number;
  readonly pitch: number;
  /** Size of the face in the picture; only its ratios count. */
  readonly size: number;
}

/** One movement away from rest and back. Times are milliseconds since the first frame. */
export interface Movement {
  readonly action: Action;
  readonly from: number;
  readonly peak: number;
  readonly to: number;
  /** How far it went, in the unit of {@link MOVEMENTS}. */
  readonly reach: number;
  /** Frame in which it was farthest. */
  readonly frame: number;
  /** Frames between rest and the farthest, and back: none where the picture jumped. */
  readonly between: number;
}

/** A movement counts from `reach` on, and has ended when it is below `rest` again. */
interface Kind {
  readonly action: Action;
  /** How far one frame is from rest. */
  readonly of: (posture: Posture, rest: Posture) => number;
  readonly reach: number;
  readonly rest: number;
  /** From rest to rest, milliseconds: shorter is a jump of the picture or a reflex, longer no single movement. */
  readonly pace: readonly [least: number, most: number];
}

/** A head that looks aside hides an eye and stretches the lids: eyes are looked at within these degrees of rest. */
const EYES_SEEN = { yaw: 12, pitch: 9 } as const;

/** What counts as each action. Reaches are far enough that a squint, a nod of the hand or a smile is none. */
export const MOVEMENTS: readonly Kind[] = [
  {
    // Share of the eyes' openness at rest that is gone.
    action: "blink",
    of: (p, rest) =>
      Math.abs(p.yaw - rest.yaw) > EYES_SEEN.yaw || Math.abs(p.pitch - rest.pitch) > EYES_SEEN.pitch
        ? 0
        : 1 - p.eyes / Math.max(rest.eyes, 0.2),
    reach: 0.6,
    rest: 0.4,
    pace: [150, 2_500],
  },
  // Openness of the mouth: 0.28 is a gap between the lips wider by 9 hundredths of the distance of the eyes' outer
  // corners, some 8 mm; who opens it on purpose reaches twice that, of which the mesh sees some more, some less.
  {
    action: "open_mouth",
    of: (p, rest) => p.mouth - rest.mouth,
    reach: 0.28,
    rest: 0.14,
    pace: [250, 4_000],
  },
  // Degrees.
  { action: "turn_left", of: (p, rest) => p.yaw - rest.yaw, reach: 16, rest: 8, pace: [300, 4_000] },
  { action: "turn_right", of: (p, rest) => rest.yaw - p.yaw, reach: 16, rest: 8, pace: [300, 4_000] },
  { action: "look_up", of: (p, rest) => p.pitch - rest.pitch, reach: 11, rest: 6, pace: [300, 4_000] },
  // Growth of the face.
  {
    action: "move_closer",
    of: (p, rest) => p.size / rest.size - 1,
    reach: 0.2,
    rest: 0.1,
    pace: [300, 5_000],
  },
];

/** Eyes shut for less are a reflex, which everybody has and nobody is asked for, milliseconds. */
export const REFLEX = 280;

/** The posture that the face has most of the time. */
export function restOf(postures: readonly Posture[]): Posture {
  const middle = (of: (p: Posture) => number) =>
    postures.map(of).toSorted((a, b) => a - b)[Math.floor(postures.length / 2)];
  return {
    at: 0,
    eyes: middle((p) => p.eyes),
    mouth: middle((p) => p.mouth),
    yaw: middle((p) => p.yaw),
    pitch: middle((p) => p.pitch),
    size: middle((p) => p.size),
  };
}

/** All movements of a sequence, whether asked for or not, in the order of their peaks. */
export function movements(postures: readonly Posture[]): Movement[] {
  const rest = restOf(postures);
  const found = MOVEMENTS.flatMap((kind) => movementsOf(kind, postures, rest));
  return found.toSorted((a, b) => a.peak - b.peak);
}

function movementsOf(kind: Kind, postures: readonly Posture[], rest: Posture): Movement[] {
  const values = postures.map((p) => kind.of(p, rest));
  const found: Movement[] = [];
  for (let i = 0; i < values.length; i++) {
    if (values[i] < kind.reach) continue;
    let first = i;
    while (first > 0 && values[first - 1] > kind.rest) first--;
    let last = i;
    while (last + 1 < values.length && values[last + 1] > kind.rest) last++;
    let frame = i;
    for (let k = first; k <= last; k++) if (values[k] > values[frame]) frame = k;
    // One that began before the first frame, or did not end before the last, was not seen whole.
    if (first > 0 && last < values.length - 1) {
      found.push({
        action: kind.action,
        from: crossing(postures, values, first - 1, kind.rest),
        peak: postures[frame].at,
        to: crossing(postures, values, last, kind.rest),
        reach: values[frame],
        frame,
        between: last - first,
      });
    }
    i = last;
  }
  return found;
}

/** When the values pass `level` between a frame and the next, on a straight line between them. */
function crossing(postures: readonly Posture[], values: readonly number[], i: number, level: number): number {
  const [a, b] = [values[i], values[i + 1]];
  const share = a === b ? 0.5 : Math.max(0, Math.min(1, (level - a) / (b - a)));
  return postures[i].at + share * (postures[i + 1].at - postures[i].at);
}

/** What became of one action that was asked for. */
export interface ActionSeen {
  readonly action: Action;
  readonly seen: boolean;
  /** Milliseconds since the first frame; null where it was not seen. */
  readonly from: number | null;
  readonly peak: number | null;
  readonly to: number | null;
  /** How far it went: a share, degrees, or growth, see `MOVEMENTS`; null where it was not seen. */
  readonly reach: number | null;
  /** What was wrong: nothing, not seen after the one before it, or done too fast or too slowly. */
  readonly fault: null | "not_seen" | "too_fast" | "too_slow";
}

/**
 * Holds what was done against what was asked for: each action after the one before it, at a human pace, and nothing
 * else in between but reflexes.
 */
export function compareActions(
  asked: readonly Action[],
  done: readonly Movement[],
): { readonly actions: readonly ActionSeen[]; readonly others: readonly Movement[] } {
  const paceOf = (action: Action) => MOVEMENTS.find((kind) => kind.action === action)?.pace ?? [0, 0];
  const used = new Set<Movement>();
  let after = Number.NEGATIVE_INFINITY;
  const actions = asked.map((action): ActionSeen => {
    const fits = (m: Movement) => m.action === action && m.peak > after && !used.has(m);
    const [least, most] = paceOf(action);
    const paced = (m: Movement) => m.to - m.from >= least && m.to - m.from <= most && m.between > 0;
    const movement = done.find((m) => fits(m) && paced(m)) ?? done.find(fits);
    if (!movement)
      return { action, seen: false, from: null, peak: null, to: null, reach: null, fault: "not_seen" };
    used.add(movement);
    after = movement.peak;
    const { from, peak, to, reach } = movement;
    const fault = paced(movement) ? null : to - from > most ? "too_slow" : "too_fast";
    return { action, seen: fault === null, from, peak, to, reach, fault };
  });
  const others = done.filter((m) => !used.has(m) && !(m.action === "blink" && m.to - m.from < REFLEX));
  return { actions, others };
}
