import type { KtpField } from "../../facts.ts";
import { type Quad, transform } from "../../geometry.ts";
import type { Pixels } from "../../image.ts";
import { type CardPlace, issueLines } from "../card.ts";
import { DIGITS } from "../decode.ts";
import type { FoundText } from "../find.ts";
import type { Layout } from "../layout.ts";
import { NIK_DIGITS } from "../nik.ts";
import { type Piece, readAs } from "../pieces.ts";
import { strip } from "../recognise.ts";
import { median } from "../text.ts";
import { oddestDigit } from "./digits.ts";
import { printEdge, rimEdge } from "./edges.ts";
import { type PortraitColours, portraitColours } from "./portrait.ts";
import { signatureInk } from "./signature.ts";

/** What is measured of a card to see whether it was altered; null where it cannot be told. */
export interface TamperMeasures {
  readonly portrait: PortraitColours;
  /** By how much the top or the foot of the oddest digit of the NIK stands off the others', in heights of a digit. */
  readonly digit: number | null;
  /** How much harder the portrait's rim is than the card's print. */
  readonly rim: number | null;
  /** How much harder the print of the oddest field is than that of the others, and which it is. */
  readonly field: { readonly name: KtpField; readonly hardness: number } | null;
  /** Share of the signature's place that is ink. */
  readonly signature: number | null;
}

/** Fewer fields do not tell what is usual of a card's print. */
const LEAST_FIELDS = 6;

/** Measures a card whose place is known. */
export function measureTampering(
  image: Pixels,
  { lines, plane }: FoundText,
  layout: Layout,
  place: CardPlace,
): TamperMeasures {
  const inImage = (quad: Quad): Quad =>
    (plane ? quad.map((p) => transform(plane.toImage, p)) : quad) as unknown as Quad;
  const edges = [...layout.values].flatMap(([name, [piece]]) => {
    const edge = name === "nik" ? null : printEdge(image, inImage(piece.quad));
    return edge === null ? [] : [{ name, edge }];
  });
  const usual = median(edges.map(({ edge }) => edge));
  const rim = rimEdge(image, place);
  const hardest = edges.reduce((a, b) => (b.edge > a.edge ? b : a), edges[0]);
  const enough = edges.length >= LEAST_FIELDS && usual > 0;
  return {
    portrait: portraitColours(image, place),
    digit: measureDigits(image, inImage, layout.values.get("nik") ?? []),
    rim: rim === null || !enough ? null : rim / usual,
    field: enough ? { name: hardest.name, hardness: hardest.edge / usual } : null,
    signature: signatureInk(
      image,
      place,
      issueLines(
        place,
        lines.map(({ inImage }) => inImage),
      ),
    ),
  };
}

/** @param inImage  where a line lies in the photograph */
function measureDigits(
  image: Pixels,
  inImage: (quad: Quad) => Quad,
  pieces: readonly Piece[],
): number | null {
  const [piece] = pieces;
  if (pieces.length !== 1) return null;
  const digits = readAs(piece, DIGITS).filter(({ char }) => char !== " ");
  if (digits.length < NIK_DIGITS) return null;
  const line = strip(image, inImage(piece.line.quad));
  const scale = line.width / piece.line.stripWidth;
  return oddestDigit(
    line,
    digits.slice(-NIK_DIGITS).map((digit) => ({ ...digit, x: digit.x * scale })),
  );
}
