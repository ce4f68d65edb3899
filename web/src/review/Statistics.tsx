import { type FormEvent, useCallback, useState } from "react";
import type { KycClient } from "../../../clients/typescript/src/client.ts";
import { BarList, Histogram, VolumeChart } from "./charts.tsx";
import { useDesk, useLoad } from "./desk.ts";
import { Heading } from "./parts.tsx";
import { durationIn, reasonIn } from "./words.ts";

type Period = "day" | "week" | "month";
const SCORES = ["face_match", "liveness", "ocr", "registry"] as const;
const DAY_MS = 86_400_000;

const dayOf = (moment: Date) => moment.toISOString().slice(0, 10);

export function Statistics() {
  const { words } = useDesk();
  // Whole days of UTC, by which the service counts its periods.
  const [span, setSpan] = useState<{ from: string; to: string; period: Period }>(() => ({
    from: dayOf(new Date(Date.now() - 29 * DAY_MS)),
    to: dayOf(new Date()),
    period: "day",
  }));
  const load = useCallback(
    (client: KycClient) =>
      client.getStatistics({
        from: `${span.from}T00:00:00Z`,
        to: new Date(Date.parse(`${span.to}T00:00:00Z`) + DAY_MS).toISOString(),
        period: span.period,
      }),
    [span],
  );
  const { data, error } = useLoad(load);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setSpan({
      from: String(form.get("from")),
      to: String(form.get("to")),
      period: String(form.get("period")) as Period,
    });
  };
  const labelOf = (start: string) =>
    new Date(start).toLocaleDateString(
      words.languageCode,
      span.period === "month"
        ? { month: "short", year: "2-digit", timeZone: "UTC" }
        : { day: "numeric", month: "short", timeZone: "UTC" },
    );
  const percent = (share: number) =>
    share.toLocaleString(words.languageCode, { style: "percent", maximumFractionDigits: 1 });
  const counts = Object.values(data?.total ?? {});
  const { VERIFIED = 0, REJECTED = 0, FAILED = 0, IN_REVIEW = 0 } = data?.total ?? {};
  return (
    <>
      <Heading>{words.statistics}</Heading>
      <form className="filter panel" onSubmit={submit} aria-label={words.filter}>
        <label>
          {words.from}
          <input type="date" name="from" defaultValue={span.from} required />
        </label>
        <label>
          {words.to}
          <input type="date" name="to" defaultValue={span.to} required />
        </label>
        <label>
          {words.period}
          <select name="period" defaultValue={span.period}>
            {Object.entries(words.periods).map(([code, label]) => (
              <option key={code} value={code}>
                {label}
              </option>
            ))}
          </select>
        </label>
        <button type="submit">{words.apply}</button>
      </form>
      {error !== null && (
        <p className="wrong" role="alert">
          {error}
        </p>
      )}
      <p className="soft" role="status">
        {data === null && error === null ? words.loading : ""}
      </p>
      {data && (
        <>
          <dl className="tiles">
            <div className="panel">
              <dt>{words.total}</dt>
              <dd>{counts.reduce((sum, count) => sum + count, 0)}</dd>
            </div>
            <div className="panel">
              <dt>{words.passRate}</dt>
              <dd>{data.pass_rate === null ? "–" : percent(data.pass_rate)}</dd>
              <dd className="soft">{words.ofEnded(VERIFIED + REJECTED + FAILED)}</dd>
            </div>
            <div className="panel">
              <dt>{words.statuses.IN_REVIEW}</dt>
              <dd>{IN_REVIEW}</dd>
            </div>
            <div className="panel">
              <dt>{words.median}</dt>
              <dd>{data.seconds === null ? "–" : durationIn(words, data.seconds.p50)}</dd>
              {data.seconds && (
                <dd className="soft">
                  {words.slowest(durationIn(words, data.seconds.p90), durationIn(words, data.seconds.p99))}
                </dd>
              )}
            </div>
          </dl>
          <VolumeChart periods={data.periods} labelOf={labelOf} />
          <BarList
            title={words.reasonsChart}
            bars={data.reasons.map(({ reason, count }) => ({ name: reasonIn(words, reason), count }))}
          />
          <h2>{words.scores}</h2>
          <div className="two">
            {SCORES.map((name) => (
              <Histogram key={name} title={words.scoreNames[name] ?? name} steps={data.scores[name]} />
            ))}
          </div>
        </>
      )}
    </>
  );
}
