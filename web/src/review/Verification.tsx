import { useCallback, useState } from "react";
import type { KycClient } from "../../../clients/typescript/src/client.ts";
import { CardPicture } from "./CardPicture.tsx";
import { Scale } from "./charts.tsx";
import { DecisionPanel } from "./DecisionPanel.tsx";
import {
  type FrameAsked,
  hrefOf,
  type Revealable,
  type Revealed,
  type ReviewView,
  useDesk,
  useLoad,
  useTell,
} from "./desk.ts";
import { Liveness } from "./Liveness.tsx";
import { Picture } from "./Picture.tsx";
import { Heading, Labels, Outcome, Status, takeFocus } from "./parts.tsx";
import { momentIn, reasonIn } from "./words.ts";

/** What was shown so far, on this page, and how to show more. `frame`: which one, where `what` is a frame. */
export interface Shown {
  readonly of: (what: Revealable, frame?: FrameAsked) => Revealed | undefined;
  readonly show: (what: Revealable, frame?: FrameAsked) => void;
}

const keyOf = (what: Revealable, frame?: FrameAsked) =>
  [what, frame?.challenge_id, frame?.action].join(" ").trim();

export function Verification({ id }: { id: string }) {
  const { client, words } = useDesk();
  const tell = useTell();
  const load = useCallback((asked: KycClient) => asked.openReview(id), [id]);
  const { data: view, error, reload } = useLoad(load);
  const [revealed, setRevealed] = useState<Readonly<Partial<Record<string, Revealed>>>>({});
  const [wrong, setWrong] = useState<string | null>(null);
  const [told, setTold] = useState<string | null>(null);
  const shown: Shown = {
    of: (what, frame) => revealed[keyOf(what, frame)],
    show: (what, frame) => {
      const reveal = async () => {
        try {
          const one = await client.reveal(id, { what, ...frame });
          setRevealed((before) => ({ ...before, [keyOf(what, frame)]: one }));
          setWrong(null);
        } catch (failure) {
          setWrong(tell(failure));
        }
      };
      void reveal();
    },
  };
  const decided = async (status: string) => {
    setTold(words.decided(words.statuses[status] ?? status));
    // What was asked for again is no longer what was shown.
    setRevealed({});
    await reload();
  };
  return (
    <>
      <p>
        <a href="#queue">← {words.back}</a>
      </p>
      <Heading>{words.verification}</Heading>
      <p className="soft id">{id}</p>
      {(error ?? wrong) !== null && (
        <p className="wrong" role="alert">
          {error ?? wrong}
        </p>
      )}
      <p role="status" className="soft">
        {view === null && error === null ? words.loading : ""}
      </p>
      {told !== null && (
        <p role="status" className="told" ref={takeFocus} tabIndex={-1}>
          {told}
        </p>
      )}
      {view && (
        <>
          <div className="panel summary">
            <p className="first">
              <strong>{view.user_id}</strong> <Status status={view.status} />{" "}
              <span className="soft">{view.verification_type}</span>
            </p>
            <Labels codes={view.reasons ?? []} />
            {view.proposed_by !== null && <p className="proposed">{words.proposedBy(view.proposed_by)}</p>}
            <p className="soft">
              {words.started} {momentIn(words, view.created_at)}
            </p>
            <p className="soft">{words.masked}</p>
          </div>
          <div className="desk">
            <div>
              <Card view={view} shown={shown} />
              <Faces view={view} shown={shown} />
              <Liveness view={view} shown={shown} />
            </div>
            <div>
              <DecisionPanel key={view.updated_at} view={view} onDecided={decided} />
              <Checks view={view} />
              <Registry view={view} shown={shown} />
              <Others view={view} shown={shown} />
            </div>
          </div>
          <Trail view={view} />
        </>
      )}
    </>
  );
}

/** A masked value with a button that shows it; shown, its value. */
function Value({
  what,
  name,
  masked,
  shown,
}: {
  what: Revealable;
  name: string;
  masked: string | null;
  shown: Shown;
}) {
  const { words } = useDesk();
  const one = shown.of(what);
  if (one) {
    const { value, raw } = one;
    return (
      <span className="shown" ref={takeFocus} tabIndex={-1}>
        {value ?? words.notRead}
        {raw !== null && raw !== value && (
          <span className="soft">
            {" "}
            {words.raw} “{raw}”
          </span>
        )}
      </span>
    );
  }
  if (masked === null) return <span className="soft">{words.notRead}</span>;
  return (
    <span className="masked">
      <span>{masked}</span>
      <button
        type="button"
        className="link"
        aria-label={words.showWhat(name)}
        onClick={() => shown.show(what)}
      >
        {words.show}
      </button>
    </span>
  );
}

function Card({ view, shown }: { view: ReviewView; shown: Shown }) {
  const { words } = useDesk();
  const [pointed, setPointed] = useState<string | null>(null);
  if (view.fields.length === 0) return null;
  return (
    <section className="panel">
      <h2>{words.card}</h2>
      <CardPicture view={view} shown={shown} pointed={pointed} />
      <h3>{words.fields}</h3>
      <table className="fields">
        <thead>
          <tr>
            <th scope="col">{words.field}</th>
            <th scope="col">{words.value}</th>
            <th scope="col">{words.confidence}</th>
          </tr>
        </thead>
        <tbody>
          {view.fields.map(({ field, masked, confidence, source }) => {
            const name = words.fieldNames[field] ?? field;
            return (
              <tr
                key={field}
                className={pointed === field ? "pointed" : undefined}
                onMouseEnter={() => setPointed(field)}
                onMouseLeave={() => setPointed(null)}
                onFocus={() => setPointed(field)}
                onBlur={() => setPointed(null)}
              >
                <th scope="row">{name}</th>
                <td>
                  <Value what={field} name={name} masked={masked} shown={shown} />
                </td>
                <td>
                  {masked !== null && (
                    <>
                      <svg
                        className="meter"
                        viewBox="0 0 100 8"
                        preserveAspectRatio="none"
                        aria-hidden="true"
                      >
                        <rect className="track" width="100" height="8" />
                        <rect
                          className={confidence < view.band.name ? "low" : "bar"}
                          width={confidence * 100}
                          height="8"
                        />
                      </svg>
                      <span className="number">{confidence.toFixed(2)}</span>
                      {source !== "ocr" && <span className="soft"> {words.sources[source] ?? source}</span>}
                    </>
                  )}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

function Faces({ view, shown }: { view: ReviewView; shown: Shown }) {
  const { words } = useDesk();
  const { face_match: match, band } = view;
  return (
    <section className="panel">
      <h2>{words.faces}</h2>
      <div className="pair">
        {(["portrait", "selfie"] as const).map((what) => (
          <Picture
            key={what}
            name={words.picture[what]}
            image={shown.of(what)?.image}
            onShow={view.images.includes(what) ? () => shown.show(what) : null}
          />
        ))}
      </div>
      {match === null ? (
        <p className="soft">{words.noFace}</p>
      ) : (
        <>
          <p>
            <Outcome ok={match.is_match} /> {words.similarity}{" "}
            <strong>{match.similarity_score?.toFixed(3) ?? "–"}</strong>
          </p>
          <Scale
            label={words.faceScale(match.similarity_score?.toFixed(2) ?? "–", match.threshold.toFixed(2))}
            score={match.similarity_score}
            threshold={match.threshold}
            band={[match.threshold - band.face.below, Math.min(1, match.threshold + band.face.above)]}
          />
        </>
      )}
    </section>
  );
}

function Checks({ view }: { view: ReviewView }) {
  const { words } = useDesk();
  const against = view.failed_checks.filter((code) => !code.startsWith("card_"));
  const rows = [
    ...against.map((code) => ({ code, name: reasonIn(words, code), ok: false })),
    ...view.checks.map(({ name, ok }) => ({
      code: `card_${name}`,
      name: words.checkNames[name] ?? name,
      ok,
    })),
  ].toSorted((a, b) => Number(a.ok) - Number(b.ok));
  return (
    <section className="panel">
      <h2>{words.checks}</h2>
      <ul className="checks">
        {rows.map(({ code, name, ok }) => (
          <li key={code}>
            <Outcome ok={ok} /> {name}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Registry({ view, shown }: { view: ReviewView; shown: Shown }) {
  const { words } = useDesk();
  const { registry } = view;
  return (
    <section className="panel">
      <h2>{words.registry}</h2>
      {registry === null ? (
        <p className="soft">{words.noRegistry}</p>
      ) : (
        <>
          <p>
            <Outcome ok={registry.is_valid} /> {registry.status} ·{" "}
            {registry.is_valid ? words.agrees : words.disagrees}
          </p>
          {registry.score !== null && (
            <p>
              {words.agreement} <strong>{registry.score.toFixed(2)}</strong>
            </p>
          )}
          <dl className="facts">
            <div>
              <dt>{words.registryName}</dt>
              <dd>
                <Value what="registry_name" name={words.registryName} masked="***" shown={shown} />
              </dd>
            </div>
            <div>
              <dt>{words.registryBirth}</dt>
              <dd>
                <Value what="registry_birth_date" name={words.registryBirth} masked="***" shown={shown} />
              </dd>
            </div>
          </dl>
        </>
      )}
    </section>
  );
}

/** The person's note, and other users who seem to be the same person. */
function Others({ view, shown }: { view: ReviewView; shown: Shown }) {
  const { words } = useDesk();
  return (
    <>
      {view.note_left && (
        <section className="panel">
          <h2>{words.note}</h2>
          <p>
            <Value what="note" name={words.note} masked="***" shown={shown} />
          </p>
        </section>
      )}
      {view.duplicates.length > 0 && (
        <section className="panel">
          <h2>{words.duplicates}</h2>
          <ul>
            {view.duplicates.map(({ verification_id: other, by, similarity }) => (
              <li key={`${other}-${by}`}>
                <a className="id" href={hrefOf(other)}>
                  {other}
                </a>{" "}
                {by === "nik" ? words.byNik : words.byFace}
                {similarity !== null && ` (${similarity.toFixed(2)})`}
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

function Trail({ view }: { view: ReviewView }) {
  const { words } = useDesk();
  return (
    <div className="desk">
      <section className="panel">
        <h2>{words.reviews}</h2>
        {view.reviews.length === 0 && <p className="soft">{words.noReviews}</p>}
        <ol className="trail">
          {view.reviews.map(({ by, at, verdict, reason, note, overrides }) => (
            <li key={at}>
              <strong>{by}</strong> · {words.verdicts[verdict] ?? verdict}
              {reason !== null && ` · ${words.rejections[reason] ?? reason}`}
              {overrides.length > 0 && (
                <span className="wrong"> ({overrides.map((code) => reasonIn(words, code)).join(", ")})</span>
              )}
              {note !== null && <q>{note}</q>}
              <span className="soft"> {momentIn(words, at)}</span>
            </li>
          ))}
        </ol>
      </section>
      <section className="panel">
        <h2>{words.trail}</h2>
        <ol className="trail">
          {view.trail.map(({ at, actor, action, detail }) => (
            <li key={`${at} ${actor} ${action} ${JSON.stringify(detail)}`}>
              <span className="soft">{momentIn(words, at)}</span> {words.auditActions[action] ?? action}
              {action === "review.revealed" && ` (${nameOf(String(detail.what), String(detail.action))})`}
              {action === "review.decided" && ` (${words.verdicts[String(detail.verdict)]})`}
              <span className="soft id"> {actor}</span>
            </li>
          ))}
        </ol>
      </section>
    </div>
  );

  function nameOf(what: string, action: string): string {
    if (what === "frame") return `${words.picture.frame}: ${words.actions[action] ?? action}`;
    const others: Readonly<Record<string, string>> = {
      registry_name: words.registryName,
      registry_birth_date: words.registryBirth,
      note: words.note,
    };
    return words.fieldNames[what] ?? words.picture[what] ?? others[what] ?? what;
  }
}
