import type { ReactNode } from "react";
import type { Language } from "../language.ts";
import type { Words } from "./words.ts";

export type Status = "PENDING" | "PROCESSING" | "VERIFIED" | "REJECTED" | "FAILED" | "IN_REVIEW";

const RESULTS = {
  VERIFIED: ["verified", "verifiedText", "good"],
  REJECTED: ["rejected", "rejectedText", "bad"],
  FAILED: ["failed", "failedText", "bad"],
  PROCESSING: ["waiting", "waitingText", ""],
  PENDING: ["waiting", "waitingText", ""],
  IN_REVIEW: ["review", "reviewText", ""],
} as const satisfies Record<Status, readonly [keyof Words, keyof Words, string]>;

interface ResultProps {
  readonly words: Words;
  readonly language: Language;
  readonly status: Status;
  /** Why it was not VERIFIED, in both languages. */
  readonly reasons: readonly Readonly<Record<Language, string>>[];
  /** Of the heading, which is told to who cannot see it. */
  readonly titleProps: object;
  readonly children: ReactNode;
}

/** How it ended, or what is waited for. */
export function Result({ words, language, status, reasons, titleProps, children }: ResultProps) {
  const [title, text, mood] = RESULTS[status];
  return (
    <div className={`result ${mood}`} data-status={status}>
      <h1 {...titleProps}>{words[title]}</h1>
      <p>{words[text]}</p>
      {reasons.length > 0 && (
        <div className="notice">
          {reasons.map((reason) => (
            <p key={reason.en}>{reason[language]}</p>
          ))}
        </div>
      )}
      {children}
    </div>
  );
}
