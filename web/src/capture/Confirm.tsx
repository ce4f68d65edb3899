import { useState } from "react";
import type { KtpOcrResult } from "../../../clients/typescript/src/client.ts";
import type { Words } from "./words.ts";

/** As the service takes it. */
const NOTE_LENGTH = 500;

interface ConfirmProps {
  readonly words: Words;
  readonly read: KtpOcrResult;
  readonly busy: boolean;
  /** @param note  what the person says of it; null: nothing */
  onYes(note: string | null): void;
}

/** What was read from the card, to be looked at: it cannot be altered, but a note may be left. */
export function Confirm({ words, read, busy, onYes }: ConfirmProps) {
  const [note, setNote] = useState("");
  return (
    <>
      <dl className="fields">
        {Object.entries(words.fields).map(([field, label]) => (
          <div key={field}>
            <dt>{label}</dt>
            <dd>{read[field as keyof Words["fields"]] ?? <em>{words.unread}</em>}</dd>
          </div>
        ))}
      </dl>
      <details className="note">
        <summary>{words.noteOpen}</summary>
        <p id="note-text">{words.noteText}</p>
        <label htmlFor="note">{words.noteLabel}</label>
        <textarea
          id="note"
          rows={3}
          maxLength={NOTE_LENGTH}
          aria-describedby="note-text note-left"
          value={note}
          onChange={(event) => setNote(event.target.value)}
        />
        <p id="note-left">{words.noteLeft(NOTE_LENGTH - note.length)}</p>
      </details>
      <div className="actions">
        <button type="button" disabled={busy} onClick={() => onYes(note.trim() || null)}>
          {words.confirmYes}
        </button>
      </div>
    </>
  );
}
