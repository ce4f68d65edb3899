import type { Piece } from "./pieces.ts";

/** Pieces that follow one another on one height. */
export interface Row {
  readonly label: Piece | null;
  /** What stands beside the label, from left to right. */
  readonly values: readonly Piece[];
  /** The blood type, which shares its row with the gender. */
  readonly blood: readonly Piece[];
  /** Height on the card, were its lines level. */
  readonly y: number;
  readonly height: number;
}

/** Ends of neighbours differ in height by less than this, in heights of a line. */
const SAME_ROW = 0.5;
/**
 * How far apart neighbours of one row may be, in heights of a line. A value is set without gaps: what stands further
 * off is of another column, like the place and date of issue.
 */
const GAP = { afterLabel: 14, inValue: 1, beforeBlood: 30, afterBlood: 5 } as const;
/** Boxes of neighbours may overlap by this, in heights of a line. */
const OVERLAP = 0.8;

/** The height of a point, were lines level. */
const level = ([x, y]: readonly [number, number], slope: number): number => y - slope * x;

/** Joins pieces to rows, from the top. @param slope  by which lines fall to the right */
export function joinRows(pieces: readonly Piece[], slope: number): Row[] {
  const reach = (a: Piece, b: Piece) =>
    b.label === "blood_type"
      ? GAP.beforeBlood
      : a.label === "blood_type"
        ? GAP.afterBlood
        : a.label !== null
          ? GAP.afterLabel
          : GAP.inValue;
  const links = pieces.flatMap((a) =>
    pieces.flatMap((b) => {
      if (a === b || (b.label !== null && b.label !== "blood_type")) return [];
      const height = Math.min(a.height, b.height);
      const [dx, dy] = [
        (b.left[0] - a.right[0]) / height,
        Math.abs(level(b.left, slope) - level(a.right, slope)) / height,
      ];
      const middle = (b.left[0] + b.right[0]) / 2 > (a.left[0] + a.right[0]) / 2;
      if (!middle || dx < -OVERLAP || dx > reach(a, b) || dy > SAME_ROW) return [];
      return [{ a, b, cost: Math.max(0, dx) + 2 * dy }];
    }),
  );
  const next = new Map<Piece, Piece>();
  const taken = new Set<Piece>();
  for (const { a, b } of links.sort((p, q) => p.cost - q.cost)) {
    if (next.has(a) || taken.has(b)) continue;
    next.set(a, b);
    taken.add(b);
  }
  return pieces
    .filter((piece) => !taken.has(piece))
    .map((first): Row => {
      const chain: Piece[] = [];
      for (let at: Piece | undefined = first; at; at = next.get(at)) chain.push(at);
      const label = first.label !== null && first.label !== "blood_type" ? first : null;
      const mark = chain.findIndex((piece) => piece.label === "blood_type");
      const values = chain.slice(label ? 1 : 0, mark < 0 ? undefined : mark);
      return {
        label,
        values,
        blood: mark < 0 ? [] : chain.slice(mark + 1),
        y: level(label ? label.right : first.left, slope),
        height: first.height,
      };
    })
    .sort((a, b) => a.y - b.y);
}
