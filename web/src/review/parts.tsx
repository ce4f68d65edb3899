import { type ReactNode, useEffect, useRef } from "react";
import { useDesk } from "./desk.ts";
import { reasonIn } from "./words.ts";

/** A page's heading; takes the focus, so that a new page is told to who cannot see it. */
export function Heading({ children }: { children: ReactNode }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return (
    <h1 ref={heading} tabIndex={-1}>
      {children}
    </h1>
  );
}

/** For what takes the place of the button that asked for it: a stable reference, called once. */
export const takeFocus = (element: HTMLElement | null): void => element?.focus();

export function Status({ status }: { status: string }) {
  const { words } = useDesk();
  return <span className={`status ${status.toLowerCase()}`}>{words.statuses[status] ?? status}</span>;
}

/** Codes of reasons, each in words. */
export function Labels({ codes }: { codes: readonly string[] }) {
  const { words } = useDesk();
  if (codes.length === 0) return null;
  return (
    <span className="labels">
      {codes.map((code) => (
        <span key={code}>{reasonIn(words, code)}</span>
      ))}
    </span>
  );
}

/** Passed or failed, by a sign and a word. */
export function Outcome({ ok }: { ok: boolean }) {
  const { words } = useDesk();
  return (
    <span className={ok ? "outcome ok" : "outcome bad"}>
      <span aria-hidden="true">{ok ? "✓" : "✗"}</span> {ok ? words.passed : words.failed}
    </span>
  );
}
