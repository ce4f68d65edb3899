import { type ReactNode, useId } from "react";
import { useDesk } from "./desk.ts";

/** Outcomes from the bottom of a bar to its top: what passed stands on the ground line. */
const OUTCOMES = ["VERIFIED", "IN_REVIEW", "REJECTED", "FAILED", "PROCESSING", "PENDING"] as const;
type Counts = Readonly<Record<string, number>>;

/** The numbers of a chart, for who cannot see it or wants them. */
function Figure({
  title,
  chart,
  head,
  rows,
  wide = false,
}: {
  title: string;
  /** As wide as the page, not half of it. */
  wide?: boolean;
  chart: ReactNode;
  head: readonly string[];
  rows: readonly (readonly (string | number)[])[];
}) {
  const { words } = useDesk();
  const id = useId();
  return (
    <figure className={wide ? "panel wide" : "panel"} aria-labelledby={id}>
      <figcaption id={id}>{title}</figcaption>
      {rows.length === 0 ? <p className="soft">{words.none}</p> : chart}
      {rows.length > 0 && (
        <details>
          <summary>{words.asTable}</summary>
          <table>
            <thead>
              <tr>
                {head.map((cell) => (
                  <th key={cell} scope="col">
                    {cell}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map(([first, ...rest]) => (
                <tr key={first}>
                  <th scope="row">{first}</th>
                  {rest.map((cell, i) => (
                    <td key={head[i + 1]}>{cell}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </details>
      )}
    </figure>
  );
}

/** Width and height of a chart's drawing, in its own units. */
const WIDE = 600;
const HIGH = 180;
const GROUND = 150;
const LEFT = 48;

/** A round number at or above the greatest: 1, 2 or 5 times a power of ten. */
function niceTop(most: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(most, 1)));
  return [1, 2, 5, 10].map((step) => step * power).find((top) => top >= most) ?? most;
}

function Axis({ top }: { top: number }) {
  return (
    <g className="axis">
      {[0, 0.5, 1].map((share) => {
        const y = GROUND - share * (GROUND - 10);
        return (
          <g key={share}>
            <line x1={LEFT} x2={WIDE} y1={y} y2={y} />
            <text x={LEFT - 4} y={y + 4} textAnchor="end">
              {Number.isInteger(top * share) ? top * share : ""}
            </text>
          </g>
        );
      })}
    </g>
  );
}

/** How many verifications began in each period, by how they stand. */
export function VolumeChart({
  periods,
  labelOf,
}: {
  periods: readonly { readonly start: string; readonly counts: Counts }[];
  labelOf: (start: string) => string;
}) {
  const { words } = useDesk();
  const sum = (counts: Counts) => OUTCOMES.reduce((all, status) => all + (counts[status] ?? 0), 0);
  const top = niceTop(Math.max(1, ...periods.map(({ counts }) => sum(counts))));
  const step = (WIDE - LEFT) / Math.max(periods.length, 8);
  const every = Math.ceil(periods.length / 4);
  const used = OUTCOMES.filter((status) => periods.some(({ counts }) => (counts[status] ?? 0) > 0));
  return (
    <Figure
      title={words.volume}
      wide
      head={[words.started, ...used.map((status) => words.statuses[status] ?? status)]}
      rows={periods.map(({ start, counts }) => [
        labelOf(start),
        ...used.map((status) => counts[status] ?? 0),
      ])}
      chart={
        <>
          <svg viewBox={`0 0 ${WIDE} ${HIGH}`} role="img" aria-label={words.volume}>
            <Axis top={top} />
            {periods.map(({ start, counts }, i) => {
              let below = GROUND;
              const x = LEFT + i * step + step * 0.12;
              return (
                <g key={start}>
                  {used.map((status) => {
                    const height = ((counts[status] ?? 0) / top) * (GROUND - 10);
                    below -= height;
                    return (
                      <rect
                        key={status}
                        className={`fill-${status.toLowerCase()}`}
                        x={x}
                        y={below}
                        width={step * 0.76}
                        height={height}
                      />
                    );
                  })}
                  {i % every === 0 && (
                    <text className="tick" x={x} y={HIGH - 12} textAnchor="start">
                      {labelOf(start)}
                    </text>
                  )}
                </g>
              );
            })}
          </svg>
          <ul className="legend">
            {used.map((status) => (
              <li key={status}>
                <svg viewBox="0 0 10 10" aria-hidden="true">
                  <rect className={`fill-${status.toLowerCase()}`} width="10" height="10" />
                </svg>
                {words.statuses[status]}
              </li>
            ))}
          </ul>
        </>
      }
    />
  );
}

/** Names with their numbers, as bars side by side. */
export function BarList({
  title,
  bars,
}: {
  title: string;
  bars: readonly { readonly name: string; readonly count: number }[];
}) {
  const { words } = useDesk();
  const most = Math.max(1, ...bars.map(({ count }) => count));
  return (
    <figure className="panel">
      <figcaption>{title}</figcaption>
      {bars.length === 0 && <p className="soft">{words.none}</p>}
      <ul className="bars">
        {bars.map(({ name, count }) => (
          <li key={name}>
            <span>{name}</span>
            <span className="number">{count}</span>
            <svg viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
              <rect className="track" width="100" height="4" />
              <rect className="bar" width={(count / most) * 100} height="4" />
            </svg>
          </li>
        ))}
      </ul>
    </figure>
  );
}

/** How many numbers lie in each step. */
export function Histogram({
  title,
  steps,
}: {
  title: string;
  steps: readonly { readonly from: number; readonly to: number; readonly count: number }[];
}) {
  const { words } = useDesk();
  const any = steps.some(({ count }) => count > 0);
  const top = niceTop(Math.max(1, ...steps.map(({ count }) => count)));
  const step = (WIDE - LEFT) / steps.length;
  const marks = steps.filter((_, i) => i % 5 === 0);
  return (
    <Figure
      title={title}
      head={[words.range, words.number]}
      rows={
        any
          ? steps
              .filter(({ count }) => count > 0)
              .map(({ from, to, count }) => [`${from.toFixed(2)} – ${to.toFixed(2)}`, count])
          : []
      }
      chart={
        <svg viewBox={`0 0 ${WIDE} ${HIGH}`} role="img" aria-label={title}>
          <Axis top={top} />
          {steps.map(({ from, count }, i) => {
            const height = (count / top) * (GROUND - 10);
            return (
              <rect
                key={from}
                className="bar"
                x={LEFT + i * step + 1}
                y={GROUND - height}
                width={step - 2}
                height={height}
              />
            );
          })}
          {marks.map(({ from }) => (
            <text
              key={from}
              className="tick"
              x={LEFT + steps.findIndex((one) => one.from === from) * step}
              y={HIGH - 12}
              textAnchor="middle"
            >
              {from.toFixed(2)}
            </text>
          ))}
        </svg>
      }
    />
  );
}

/** A score on its scale, with the threshold and the band of doubt around it. */
export function Scale({
  label,
  score,
  threshold,
  band,
  from = 0,
  to = 1,
}: {
  label: string;
  score: number | null;
  threshold: number;
  band: readonly [from: number, to: number];
  from?: number;
  to?: number;
}) {
  const { words } = useDesk();
  const x = (value: number) => 10 + ((Math.min(Math.max(value, from), to) - from) / (to - from)) * 380;
  return (
    <>
      <svg className="scale" viewBox="0 0 400 74" role="img" aria-label={label}>
        <rect className="track" x={10} y={34} width={380} height={12} rx={6} />
        <rect className="band" x={x(band[0])} y={30} width={x(band[1]) - x(band[0])} height={20} />
        <line className="threshold" x1={x(threshold)} x2={x(threshold)} y1={24} y2={56} />
        {score !== null && (
          <>
            <circle className={score >= threshold ? "dot ok" : "dot bad"} cx={x(score)} cy={40} r={9} />
            <text x={Math.min(Math.max(x(score), 20), 380)} y={18} textAnchor="middle" className="value">
              {score.toFixed(2)}
            </text>
          </>
        )}
        {x(threshold) > 50 && (
          <text x={10} y={70} className="tick">
            {from}
          </text>
        )}
        <text x={x(threshold)} y={70} textAnchor="middle" className="tick">
          {threshold.toFixed(2)}
        </text>
        {x(threshold) < 350 && (
          <text x={390} y={70} textAnchor="end" className="tick">
            {to}
          </text>
        )}
      </svg>
      <ul className="legend">
        <li>
          <svg viewBox="0 0 10 10" aria-hidden="true">
            <line className="threshold" x1="5" x2="5" y1="0" y2="10" />
          </svg>
          {words.threshold} {threshold.toFixed(2)}
        </li>
        <li>
          <svg viewBox="0 0 10 10" aria-hidden="true">
            <rect className="band" width="10" height="10" />
          </svg>
          {words.band} {band[0].toFixed(2)} – {band[1].toFixed(2)}
        </li>
      </ul>
    </>
  );
}
