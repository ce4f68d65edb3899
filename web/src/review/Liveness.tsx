import { type ReviewView, useDesk } from "./desk.ts";
import { Picture } from "./Picture.tsx";
import { Outcome } from "./parts.tsx";
import type { Shown } from "./Verification.tsx";
import { momentIn, type Words } from "./words.ts";

type ChallengeView = ReviewView["challenges"][number];
type ActionView = ChallengeView["actions"][number];

const MEASURES = ["spoof_score", "eye_openness", "mouth_movement", "skin_texture"] as const;

/** What one picture told of the person being there, and each challenge with its frames. */
export function Liveness({ view, shown }: { view: ReviewView; shown: Shown }) {
  const { words } = useDesk();
  const { liveness, challenges } = view;
  const rows: [string, number | null][] = liveness
    ? [
        ["confidence", liveness.confidence],
        ["face_quality_score", liveness.face_quality_score],
        ...MEASURES.map((name): [string, number | null] => [name, liveness.details[name]]),
      ]
    : [];
  return (
    <section className="panel">
      <h2>{words.liveness}</h2>
      {liveness === null ? (
        <p className="soft">{words.noLiveness}</p>
      ) : (
        <>
          <p>
            <Outcome ok={liveness.is_live} /> {liveness.is_live ? words.live : words.notLive}
          </p>
          <dl className="facts">
            {rows.map(([name, value]) => (
              <div key={name}>
                <dt>{words.measures[name] ?? name}</dt>
                <dd>{value === null ? "–" : value.toFixed(2)}</dd>
              </div>
            ))}
            <div>
              <dt>{words.measures.model}</dt>
              <dd>{liveness.details.model === "minifasnet" ? words.strong : words.weak}</dd>
            </div>
          </dl>
        </>
      )}
      {challenges.map((challenge) => (
        <Challenge key={challenge.challenge_id} challenge={challenge} shown={shown} />
      ))}
    </section>
  );
}

function Challenge({ challenge, shown }: { challenge: ChallengeView; shown: Shown }) {
  const { words } = useDesk();
  const { challenge_id, at, passed, actions, checks, frames } = challenge;
  return (
    <>
      <h3>{words.challenge}</h3>
      <p>
        <Outcome ok={passed === true} />{" "}
        <span className="soft">
          {at === null ? "" : momentIn(words, at)} · {words.frames(frames)}
        </span>
      </p>
      <div className="movements">
        {actions.map((one) => {
          const frame = { challenge_id, action: one.action };
          const name = words.actions[one.action] ?? one.action;
          return (
            <Picture
              key={one.action}
              name={`${words.picture.frame}: ${name}`}
              image={shown.of("frame", frame)?.image}
              onShow={one.frame ? () => shown.show("frame", frame) : null}
            >
              <strong>{name}</strong>
              <br />
              <Outcome ok={one.seen} />
              <br />
              {figuresOf(one, words)}
            </Picture>
          );
        })}
      </div>
      <ul className="checks">
        {checks.map(({ name, ok, value }) => (
          <li key={name}>
            <Outcome ok={ok} /> {words.sequence[name] ?? name}
            {value !== null && <span className="soft"> {measureOf(name, value, words)}</span>}
          </li>
        ))}
      </ul>
      {actions.some(({ frame }) => !frame) && <p className="soft">{words.challengeNote}</p>}
    </>
  );
}

/** What a check measured, in its unit: milliseconds, a share of the frames, how many, or a plain number. */
function measureOf(check: string, value: number, words: Words): string {
  if (check === "times") return `${(value / 1000).toFixed(1)} ${words.seconds}`;
  if (check === "one_face") return `${Math.round(value * 100)}%`;
  return check === "order" ? value.toFixed(0) : value.toFixed(2);
}

/** How far an action went, and when it was farthest; or what was wrong with it. */
function figuresOf({ action, reach, peak, fault }: ActionView, words: Words): string {
  if (reach === null || peak === null) return words.faults.not_seen;
  const turned = action === "turn_left" || action === "turn_right" || action === "look_up";
  const far = turned ? `${Math.round(reach)}°` : `${Math.round(reach * 100)}%`;
  const figures = words.farthest(far, (peak / 1000).toFixed(1));
  return fault === null ? figures : `${words.faults[fault]}; ${figures}`;
}
