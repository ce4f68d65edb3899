import { useEffect, useRef } from "react";
import { KycProblemError } from "../../../clients/typescript/src/client.ts";
import type { Action } from "../../../src/vision/liveness/actions.ts";
import type { Language } from "../language.ts";
import { WORDS, type Words } from "./words.ts";

/** What is waited for. */
export type Busy = "sending" | "offline" | "busy";

/** What was made of one movement. */
interface Seen {
  readonly action: Action;
  readonly seen: boolean;
  readonly fault: "not_seen" | "too_fast" | "too_slow" | null;
}

/** What was wrong with what was sent last, in both languages. */
export interface Refusal {
  readonly lines: readonly Readonly<Record<Language, string>>[];
  /** Of a challenge: what was seen of each movement. */
  readonly actions: readonly Seen[];
  readonly attemptsLeft: number | null;
}

/** Said where the service has no hint for the person. */
const UNFORESEEN = { id: WORDS.id.unforeseen, en: WORDS.en.unforeseen };
/** A challenge is good for two minutes: status 410. */
const EXPIRED = { status: 410, line: { id: WORDS.id.challengeExpired, en: WORDS.en.challengeExpired } };

export function refusalOf(error: unknown): Refusal {
  if (!(error instanceof KycProblemError)) return { lines: [UNFORESEEN], actions: [], attemptsLeft: null };
  const { status, hints = [], attempts_left = null } = error.problem;
  // Beside its hints, a challenge that is not passed tells what was seen of it.
  const { actions = [] } = error.problem as { actions?: readonly Seen[] };
  return {
    lines: hints.length > 0 ? hints : [status === EXPIRED.status ? EXPIRED.line : UNFORESEEN],
    actions,
    attemptsLeft: attempts_left,
  };
}

interface ToldProps {
  readonly words: Words;
  readonly language: Language;
  readonly busy: Busy | null;
  readonly refusal: Refusal | null;
}

/** What goes on, or what was wrong with what was sent last. */
export function Told({ words, language, busy, refusal }: ToldProps) {
  const notice = useRef<HTMLDivElement>(null);
  const refused = !busy && refusal !== null;
  // The button that was pressed lost the focus while it could not be used; and the notice may be off the screen.
  useEffect(() => {
    if (refused) notice.current?.focus();
  }, [refused]);
  return (
    <div role="status" aria-live="assertive" className="told">
      {busy && <p className="notice">{words[busy]}</p>}
      {refused && (
        <div className="notice bad" ref={notice} tabIndex={-1}>
          {refusal.lines.map((line) => (
            <p key={line.en}>{line[language]}</p>
          ))}
          {refusal.actions.length > 0 && (
            <ul className="verdict">
              {refusal.actions.map(({ action, seen, fault }) => (
                <li key={action} className={seen ? "good" : "bad"}>
                  {words.actions[action]}: <strong>{words.faults[fault ?? "seen"]}</strong>
                </li>
              ))}
            </ul>
          )}
          {refusal.attemptsLeft !== null && <p>{words.attemptsLeft(refusal.attemptsLeft)}</p>}
        </div>
      )}
    </div>
  );
}
