/** So many questions in a row without an answer: it is the registry, not what was asked. */
const AWAY_AFTER = 3;

/** Follows whether the registry answers, over all questions of this process. */
export interface Outage {
  /** A verdict came, whatever it says. */
  answered(): void;
  unanswered(): void;
  /** Whether the registry has come back since this was last asked: who waits for a later try need wait no longer. */
  over(): boolean;
}

/** Begins as if the registry had been away: what a former process left waiting is asked for at the first answer. */
export function outage(): Outage {
  let inARow = AWAY_AFTER;
  let cameBack = false;
  return {
    answered() {
      cameBack ||= inARow >= AWAY_AFTER;
      inARow = 0;
    },
    unanswered() {
      inARow++;
    },
    over() {
      const over = cameBack;
      cameBack = false;
      return over;
    },
  };
}
