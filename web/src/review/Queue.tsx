import { type FormEvent, useCallback, useState } from "react";
import type { KycClient } from "../../../clients/typescript/src/client.ts";
import { hrefOf, type QueueItem, useDesk, useLoad } from "./desk.ts";
import { Heading, Labels, Status } from "./parts.tsx";
import { durationIn, momentIn } from "./words.ts";

type Query = NonNullable<Parameters<KycClient["listReviews"]>[0]>;
const PAGE = 25;

/** The start of a day of this clock, as the service wants it. */
const startOf = (day: string, after = 0) => {
  const [year, month, date] = day.split("-").map(Number);
  return new Date(year, month - 1, date + after).toISOString();
};

function queryOf(form: HTMLFormElement): Query {
  const data = new FormData(form);
  const get = (name: string) => String(data.get(name) ?? "");
  const from = get("from");
  const to = get("to");
  return {
    status: get("status") as Query["status"],
    order: get("order") as Query["order"],
    ...(get("reason") && { reason: get("reason") }),
    ...(get("proposed") && { proposed: get("proposed") as Query["proposed"] }),
    ...(from && { from: startOf(from) }),
    ...(to && { to: startOf(to, 1) }),
    ...(get("age") && { min_age_hours: Number(get("age")) }),
  };
}

export function Queue() {
  const { words } = useDesk();
  const [query, setQuery] = useState<Query>({ status: "IN_REVIEW", order: "oldest" });
  // The cursors of the pages that were turned, the present one's last.
  const [cursors, setCursors] = useState<readonly string[]>([]);
  const load = useCallback(
    (client: KycClient) =>
      client.listReviews({ ...query, limit: PAGE, ...(cursors.length > 0 && { cursor: cursors.at(-1) }) }),
    [query, cursors],
  );
  const { data, error, reload } = useLoad(load);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    setCursors([]);
    setQuery(queryOf(event.currentTarget));
  };
  return (
    <>
      <Heading>{words.queue}</Heading>
      <form className="filter panel" onSubmit={submit} aria-label={words.filter}>
        <label>
          {words.status}
          <select name="status" defaultValue="IN_REVIEW">
            {Object.entries(words.statuses).map(([code, label]) => (
              <option key={code} value={code}>
                {label}
              </option>
            ))}
          </select>
        </label>
        <label>
          {words.reason}
          <select name="reason" defaultValue="">
            <option value="">{words.any}</option>
            {Object.entries(words.reasons).map(([code, label]) => (
              <option key={code} value={code}>
                {label}
              </option>
            ))}
            {Object.entries(words.rejections).map(([code, label]) => (
              <option key={code} value={`review_${code}`}>
                {words.byReviewer(label)}
              </option>
            ))}
          </select>
        </label>
        <label>
          {words.second}
          <select name="proposed" defaultValue="">
            <option value="">{words.any}</option>
            <option value="yes">{words.secondYes}</option>
            <option value="no">{words.secondNo}</option>
          </select>
        </label>
        <label>
          {words.from}
          <input type="date" name="from" />
        </label>
        <label>
          {words.to}
          <input type="date" name="to" />
        </label>
        <label>
          {words.age}
          <input type="number" name="age" min={0} max={87600} inputMode="numeric" />
        </label>
        <label>
          {words.order}
          <select name="order" defaultValue="oldest">
            <option value="oldest">{words.oldest}</option>
            <option value="newest">{words.newest}</option>
          </select>
        </label>
        <button type="submit">{words.apply}</button>
      </form>
      {error !== null && (
        <p className="wrong" role="alert">
          {error}{" "}
          <button type="button" className="link" onClick={() => void reload()}>
            {words.again}
          </button>
        </p>
      )}
      <p className="soft" role="status">
        {data === null
          ? words.loading
          : data.items.length === 0
            ? words.empty
            : words.count(data.items.length)}
      </p>
      <ol className="queue">
        {data?.items.map((item) => (
          <Item key={item.verification_id} item={item} />
        ))}
      </ol>
      {(cursors.length > 0 || data?.next_cursor) && (
        // Neither goes away under the finger that turns the pages.
        <div className="pages">
          <Turn
            label={words.previous}
            onTurn={cursors.length > 0 ? () => setCursors(cursors.slice(0, -1)) : null}
          />
          <Turn
            label={words.next}
            onTurn={data?.next_cursor ? () => setCursors([...cursors, data.next_cursor ?? ""]) : null}
          />
        </div>
      )}
    </>
  );
}

/** @param onTurn  null: there is no such page */
function Turn({ label, onTurn }: { label: string; onTurn: (() => void) | null }) {
  return (
    <button type="button" className="quiet" aria-disabled={onTurn === null} onClick={() => onTurn?.()}>
      {label}
    </button>
  );
}

function Item({ item }: { item: QueueItem }) {
  const { words } = useDesk();
  const since = item.review_since ?? item.created_at;
  const waited = (Date.now() - Date.parse(since)) / 1000;
  return (
    <li>
      <a href={hrefOf(item.verification_id)}>
        <span className="first">
          <strong>{item.user_id}</strong>
          <Status status={item.status} />
        </span>
        <Labels codes={item.reasons ?? []} />
        {item.proposed_by !== null && <span className="proposed">{words.proposedBy(item.proposed_by)}</span>}
        <span className="soft facts">
          <span>{momentIn(words, item.created_at)}</span>
          {item.status === "IN_REVIEW" && (
            <span>
              {words.waits} {durationIn(words, Math.max(0, waited))}
            </span>
          )}
          {item.face_score !== null && (
            <span>
              {words.faceScore} {item.face_score.toFixed(2)}
            </span>
          )}
        </span>
      </a>
    </li>
  );
}
