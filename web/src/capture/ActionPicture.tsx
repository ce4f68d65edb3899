import type { Action } from "../../../src/vision/liveness/actions.ts";

/** Lines of a picture 24 × 24 for each movement. The picture is a mirror: the person's left is left on the screen. */
const LINES: Readonly<Record<Action, string>> = {
  blink: "M3 11q9 8 18 0M6 14l-2 3M12 16v3M18 14l2 3",
  open_mouth: "M12 3a9 9 0 1 0 .01 0M9 9v.5M15 9v.5M12 12.5a2.5 3 0 1 0 .01 0",
  turn_left: "M21 12H4M10 5l-7 7 7 7",
  turn_right: "M3 12h17M14 5l7 7-7 7",
  look_up: "M12 21V4M5 10l7-7 7 7",
  move_closer: "M12 9a3 3 0 1 0 .01 0M3 8V3h5M16 3h5v5M21 16v5h-5M8 21H3v-5",
};

/** Shows a movement to who can see it; others are told in words. */
export function ActionPicture({ action }: { readonly action: Action }) {
  return (
    <svg className="action" viewBox="0 0 24 24" aria-hidden="true">
      <path d={LINES[action]} />
    </svg>
  );
}
