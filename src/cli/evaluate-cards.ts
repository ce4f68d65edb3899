import { drawKtp, drawSelfie, type Level, makeCitizen } from "../sample/sample.ts";
import { DEFAULT_POLICY, fitPortrait } from "../verification/policy.ts";
import { lookAtFace, lookAtKtp } from "../vision/look.ts";
import { type Context, type Flags, whole } from "./command.ts";
import { type NamedPair, pairOf, tellPairs } from "./face-pairs.ts";
import { openNetworks } from "./networks.ts";

/** As many cards as selfies make the square of it pairs: more than 2,000. */
const CARDS = 48;
const MOST_CARDS = 1000;
/** From a flat scan to a card as people photograph it. */
const LEVELS: readonly Level[] = [0, 1, 2];

/**
 * How well portraits on cards are matched with selfies: draws cards and selfies of sample citizens, looks at each once,
 * and compares every card with every selfie. A citizen's portrait and selfie come from one photograph, so this tells
 * what printing, photographing and finding the portrait cost, not what years and another camera do.
 */
export async function evaluateCards(flags: Flags, context: Context): Promise<void> {
  const seed = whole(flags, "seed", 1, 0, 2 ** 32 - 1);
  const count = whole(flags, "count", CARDS, 2, MOST_CARDS);
  const { models, faceModel } = await openNetworks(context);
  const embeddings = new Map<string, Float32Array | null>();
  const people: { readonly card: string; readonly selfie: string; readonly face: string }[] = [];
  let unfit = 0;
  for (let index = 0; index < count; index++) {
    const citizen = await makeCitizen(seed, index);
    const level = LEVELS[index % LEVELS.length];
    const person = {
      card: `card-${index + 1} (level ${level})`,
      selfie: `selfie-${index + 1}`,
      face: citizen.face,
    };
    const { portrait } = await lookAtKtp(await drawKtp(citizen, { level }), models);
    const { face } = await lookAtFace(await drawSelfie(citizen), models);
    // A portrait that the service would ask to be photographed again is not compared: it matches nobody.
    const fit = portrait !== null && fitPortrait(portrait, DEFAULT_POLICY).accepted;
    if (!fit) unfit++;
    embeddings.set(person.card, fit ? portrait.embedding : null);
    embeddings.set(person.selfie, face?.embedding ?? null);
    people.push(person);
    context.out.note(`${index + 1} of ${count} cards and selfies`);
  }
  const pairs = people.flatMap((a) =>
    people.map((b): NamedPair => pairOf(a.card, b.selfie, a.face === b.face, embeddings)),
  );
  context.out.note(
    `${new Set(people.map(({ face }) => face)).size} faces; ${unfit} of ${count} portraits were not fit to be compared, and count as not matching`,
  );
  await tellPairs("Portraits on cards against selfies", pairs, faceModel.threshold, context, flags);
}
