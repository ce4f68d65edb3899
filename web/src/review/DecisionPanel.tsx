import { type FormEvent, useState } from "react";
import { type Decision, type ReviewView, useDesk, useTell } from "./desk.ts";
import { reasonIn } from "./words.ts";

/** Approve, reject, or ask again; says when a second person is needed. */
export function DecisionPanel({
  view,
  onDecided,
}: {
  view: ReviewView;
  onDecided: (status: string) => Promise<void>;
}) {
  const { client, words } = useDesk();
  const tell = useTell();
  const verdicts = (["approve", "reject", "ask_card", "ask_selfie"] as const).filter(
    (verdict) =>
      !(verdict === "ask_selfie" && view.verification_type === "BASIC_KYC") &&
      !(verdict === "approve" && view.turn === "wait"),
  );
  const [verdict, setVerdict] = useState<Decision["verdict"]>(verdicts[0]);
  const [reason, setReason] = useState("");
  const [wrong, setWrong] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const open = view.turn !== "none" && view.turn !== "own";
  const against = view.failed_checks.length > 0;
  const explained = (verdict === "approve" && against) || (verdict === "reject" && reason === "other");
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const note = String(new FormData(event.currentTarget).get("note") ?? "").trim();
    setBusy(true);
    try {
      const { status } = await client.decideReview(view.verification_id, {
        verdict,
        seen: view.updated_at,
        ...(verdict === "reject" && { reason: reason as NonNullable<Decision["reason"]> }),
        ...(note !== "" && { note }),
      });
      await onDecided(status);
    } catch (failure) {
      setWrong(tell(failure));
    } finally {
      setBusy(false);
    }
  };
  const approve = !against ? words.verdicts.approve : view.turn === "confirm" ? words.confirm : words.propose;
  return (
    <section className="panel decision">
      <h2>{words.decision}</h2>
      <p>{words.turn[view.turn]}</p>
      {open && (
        <form onSubmit={(event) => void submit(event)}>
          {against && (
            <div className="against">
              <p>{words.overrides}</p>
              <ul>
                {view.failed_checks.map((code) => (
                  <li key={code}>{reasonIn(words, code)}</li>
                ))}
              </ul>
            </div>
          )}
          <fieldset>
            <legend className="hidden">{words.decision}</legend>
            {verdicts.map((one) => (
              <label key={one} className="choice">
                <input
                  type="radio"
                  name="verdict"
                  value={one}
                  checked={verdict === one}
                  onChange={() => setVerdict(one)}
                />
                {one === "approve" ? approve : words.verdicts[one]}
              </label>
            ))}
          </fieldset>
          {verdict === "reject" && (
            <label>
              {words.rejection}
              <select value={reason} onChange={(event) => setReason(event.target.value)} required>
                <option value="">{words.choose}</option>
                {Object.entries(words.rejections).map(([code, label]) => (
                  <option key={code} value={code}>
                    {label}
                  </option>
                ))}
              </select>
            </label>
          )}
          {(verdict === "ask_card" || verdict === "ask_selfie") && <p className="soft">{words.askedAgain}</p>}
          <label>
            {explained ? words.noteNeeded : words.noteLabel}
            <textarea
              name="note"
              maxLength={500}
              rows={3}
              required={explained}
              aria-describedby="note-hint"
            />
          </label>
          <p className="soft" id="note-hint">
            {words.noteHint}
          </p>
          <p className="wrong" role="alert">
            {wrong}
          </p>
          <button type="submit" disabled={busy} className={verdict === "reject" ? "bad" : undefined}>
            {verdict === "approve" ? approve : words.verdicts[verdict]}
          </button>
        </form>
      )}
    </section>
  );
}
