/** Paired comparisons of the base run with the others: differences with their intervals on one scale, one of them in words. */
import { setQuery } from "../address/address";
import { usePromise } from "../data/answer";
import { ask } from "../data/ask";
import { runVar } from "../design/colors";
import { nameOf } from "../data/runs";
import { count } from "../design/words";
import { Empty, Failure, RunName } from "../parts/basics";
import { useSize } from "../parts/canvas";
import type { Comparison } from "./answer";
import { toldOf } from "./paired";
import { drawingRoom, scaleOf, type Scale } from "./scale";
import { points, signed } from "./shade";

interface Props {
  base: string;
  others: string[];
  /** The one that is told in words. */
  other: string;
  split: string;
  score: string;
  version: unknown;
  /** Whether a run has no such score, so that nothing is to be asked. */
  lacking: (run: string) => boolean;
}

type Outcome = { run: string; found: Comparison | null; error: string | null };

export function Forest({ base, others, other, split, score, version, lacking }: Props) {
  const told = toldOf(others, other);
  const key = told.length > 0 ? JSON.stringify([base, told, split, score]) : null;
  const { data } = usePromise(key, (signal) => Promise.all(told.map((run) => outcome(run, signal))), version);
  const [box, { width }] = useSize<HTMLDivElement>();
  async function outcome(run: string, signal: AbortSignal): Promise<Outcome> {
    if (lacking(run)) {
      const error = `${nameOf(run)} has no score of this name on these pictures; choose another score or run.`;
      return { run, found: null, error };
    }
    try {
      return {
        run,
        found: await ask<Comparison>("/api/compare", { a: base, b: run, split, score }, signal),
        error: null,
      };
    } catch (error) {
      return { run, found: null, error: (error as Error).message };
    }
  }
  const main = data?.find(({ run }) => run === other);
  const compared = data?.flatMap(({ found }) => (found ? [found] : [])) ?? [];
  const ends = compared.flatMap(({ low, high, difference }) => [low ?? difference, high ?? difference]);
  const room = drawingRoom(width);
  // Labels are centred at their ticks: the sides hold half of one
  const scale = scaleOf(ends, 26, room - 26, true);
  const none = data !== null && compared.length === 0;
  return (
    <section class="panel" aria-label="Paired comparison">
      <header>
        <h2 class="grow">Is the difference more than luck?</h2>
        <span class="muted cut against">against {nameOf(base)}</span>
      </header>
      <div ref={box} class="body stack told" aria-live="polite">
        {others.length === 0 && <Empty title="One run is selected">Select a second run to compare the two.</Empty>}
        {main?.error && none && <Empty title="Nothing to compare here">{main.error}</Empty>}
        {main?.error && !none && <Failure>{main.error}</Failure>}
        {main?.found && <Words found={main.found} />}
        {others.length > 0 && !none && (
          <div class="scroll">
            <table class="plain forest">
              <caption class="unseen">
                Differences from {nameOf(base)}
                {compared[0]?.factor === 100 ? " in points" : ""}, with intervals
              </caption>
              <thead>
                <tr>
                  <th scope="col">Run</th>
                  <th scope="col" class="number">
                    Score
                  </th>
                  <th scope="col" class="number">
                    Difference
                  </th>
                  <th scope="col">Interval</th>
                  <th scope="col" class="wide">
                    {compared[0] && <Ticks scale={scale} factor={compared[0].factor} width={room} />}
                  </th>
                </tr>
              </thead>
              <tbody>
                {told.map((run) => (
                  <Row
                    key={run}
                    outcome={data?.find((one) => one.run === run) ?? { run, found: null, error: null }}
                    on={run === other}
                    scale={scale}
                    width={room}
                  />
                ))}
              </tbody>
            </table>
            {others.length > told.length && (
              <p class="muted">
                The first {told.length} of {others.length} other runs.
              </p>
            )}
          </div>
        )}
      </div>
    </section>
  );
}

function Words({ found }: { found: Comparison }) {
  const shown = !found.shown || !found.counted ? "" : found.difference > 0 ? "good" : "bad";
  return (
    <div class={`verdict ${shown}`}>
      <p class="sentence">{found.sentence}</p>
      <p class="muted">
        {found.low === null
          ? "There is no interval: so few pictures may all agree by luck."
          : `${Math.round(found.confidence * 100)} % interval of the paired bootstrap: ${drawnOf(found)} drawn anew ${count(found.resamples)} times, the same draws for both runs. It says nothing about other seeds.`}
      </p>
      {found.warnings.map((warning) => (
        <p class="notice">⚠ {warning}</p>
      ))}
    </div>
  );
}

function Row({ outcome, on, scale, width }: { outcome: Outcome; on: boolean; scale: Scale; width: number }) {
  const { run, found, error } = outcome;
  return (
    <tr aria-selected={on} class={on ? "on" : ""} onClick={() => setQuery({ b: run })}>
      <th scope="row">
        <span class="row">
          <input
            type="radio"
            name="told"
            aria-label={`Tell of ${nameOf(run)}`}
            checked={on}
            onChange={() => setQuery({ b: run })}
          />
          <RunName id={run} />
        </span>
      </th>
      {found ? (
        <>
          <td class="number">{points(found.value_b, found.digits, found.factor)}</td>
          <td class="number">
            <b>{signed(found.difference, found.digits, found.factor)}</b>
          </td>
          <td class="muted nowrap">{interval(found)}</td>
          <td>
            <Interval found={found} scale={scale} width={width} />
          </td>
        </>
      ) : (
        <td colSpan={4} class="muted" title={error ?? ""}>
          {error ? "cannot be compared; choose it to read why" : "…"}
        </td>
      )}
    </tr>
  );
}

/** Pictures of one folder belong together and are drawn together. */
function drawnOf({ images, groups }: Comparison): string {
  return groups ? `${images} images in ${groups} groups (folders), whole groups` : `${images} images`;
}

function interval({ low, high, digits, factor }: Comparison): string {
  return low === null ? "none" : `[${signed(low, digits, factor)}, ${signed(high, digits, factor)}]`;
}

function Interval({ found, scale, width }: { found: Comparison; scale: Scale; width: number }) {
  const { difference } = found;
  const [low, high, middle, zero] = [found.low ?? difference, found.high ?? difference, difference, 0].map(scale.at);
  return (
    <svg class="interval" width={width} height={20} aria-hidden="true" style={{ "--mine": runVar(found.b) }}>
      <line class="zero" x1={zero} x2={zero} y1={0} y2={20} />
      {found.low !== null && <path class="reach" d={`M${low} 6v8m0-4H${high}m0-4v8`} />}
      <circle cx={middle} cy={10} r={4.5} />
    </svg>
  );
}

function Ticks({ scale, factor, width }: { scale: Scale; factor: number; width: number }) {
  return (
    <svg width={width} height={16} aria-hidden="true">
      {scale.ticks.map((value) => (
        <text class="tick" x={scale.at(value)} y={12} text-anchor="middle">
          {signed(value, scale.digits(factor), factor)}
        </text>
      ))}
    </svg>
  );
}
