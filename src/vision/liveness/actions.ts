/** What a person can be asked to do before the camera. Left and right are the person's own. */
export const ACTIONS = ["blink", "open_mouth", "turn_left", "turn_right", "look_up", "move_closer"] as const;
export type Action = (typeof ACTIONS)[number];

/** Actions of one challenge: at least, at most. */
export const ACTIONS_ASKED = { least: 2, most: 4 } as const;

/** Frames of one sequence: at least, at most. */
export const FRAMES_ASKED = { least: 8, most: 60 } as const;

/** A head that turns shows its depth: without one of these a flat picture could not be told from a face. */
const TURNS: readonly Action[] = ["turn_left", "turn_right"];

/**
 * A random sequence of different actions, at least one of them a turn of the head, and no more than one a blink: so
 * two recordings of the same movements are rare, and none reads the same backwards.
 * @param below  a random whole number 0 .. n − 1; of a cryptographic generator where somebody would like to guess
 */
export function drawActions(below: (n: number) => number): Action[] {
  const count = ACTIONS_ASKED.least + below(ACTIONS_ASKED.most - ACTIONS_ASKED.least + 1);
  for (;;) {
    const left: Action[] = [...ACTIONS];
    const drawn = Array.from({ length: count }, () => left.splice(below(left.length), 1)[0]);
    if (drawn.some((action) => TURNS.includes(action))) return drawn;
  }
}
