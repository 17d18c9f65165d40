/** The difference of each image between two runs, sorted: where a run fell, and by how much. */
import { useCallback, useMemo, useState } from "preact/hooks";
import { go, setQuery } from "../address/address";
import { useAnswer } from "../data/answer";
import { token } from "../design/colors";
import { nameOf } from "../data/runs";
import { Check, Empty } from "../parts/basics";
import { Canvas } from "../parts/canvas";
import type { ImagesAnswer } from "./answer";
import { pairs, tally, type Pair } from "./paired";
import { scaleOf } from "./scale";
import { points, seenDigits, signed } from "./shade";

interface Props {
  /** Runs that the server is asked for: more than the two, so that another pair needs no new answer. */
  runs: string[];
  base: string;
  other: string;
  split: string;
  score: string;
  /** What scores are told times. */
  factor: number;
  table: boolean;
  version: unknown;
}

/** Rows of the table at each end of the order: the middle of hundreds of images tells nothing. */
const ENDS = 50;

export function Strip({ runs, base, other, split, score, factor, table, version }: Props) {
  const asked = { runs, split, score };
  const { data, error } = useAnswer<ImagesAnswer>("/api/images", asked, version);
  const found = useMemo(
    () => (data ? pairs(data.names, data.scores[base] ?? [], data.scores[other] ?? []) : []),
    [data, base, other],
  );
  const { worse, same, better } = tally(found, factor);
  // The comparison above says why
  if (error) return null;
  return (
    <section class="panel" aria-label="Image by image">
      <header>
        <h2 class="grow">Image by image</h2>
        <Check label="As a table" checked={table} onChange={(on) => setQuery({ as: on ? "table" : null })} />
      </header>
      <div class="body stack">
        {data && found.length === 0 && (
          <Empty title="No image has both">The two runs have no scored image of this split in common.</Empty>
        )}
        {found.length > 0 && (
          <>
            <p>
              From {nameOf(base)} to {nameOf(other)}: <b class="down">{worse} fell</b>, {same} stayed,{" "}
              <b class="up">{better} rose</b>. <span class="muted">Choose an image to see it.</span>
            </p>
            {table ? <Rows {...{ found, factor, open }} /> : <Bars {...{ found, factor, open }} />}
          </>
        )}
      </div>
    </section>
  );
  function open(pair: Pair): void {
    go("pictures", [], { a: base, b: other, order: "regression", sample: pair.name, layer: "errors" });
  }
}

interface DrawnProps {
  found: Pair[];
  factor: number;
  open: (pair: Pair) => void;
}

function Bars({ found, factor, open }: DrawnProps) {
  const [at, setAt] = useState(-1);
  const shown = found[at];
  const draw = useCallback(
    (context: CanvasRenderingContext2D, width: number, height: number) =>
      drawBars(context, { width, height, factor }, found, at),
    [found, factor, at],
  );
  const under = (event: MouseEvent & { currentTarget: HTMLElement }) => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    return Math.min(
      found.length - 1,
      Math.max(0, Math.floor(((event.clientX - left - GUTTER) / (width - GUTTER)) * found.length)),
    );
  };
  const keys = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1, PageDown: 10, PageUp: -10 }[event.key];
    if (step) setAt(Math.min(found.length - 1, Math.max(0, at + step)));
    else if (event.key === "Home" || event.key === "End") setAt(event.key === "Home" ? 0 : found.length - 1);
    else if (event.key === "Enter" && shown) open(shown);
    else return;
    event.preventDefault();
  };
  return (
    <div>
      <div
        class="strip"
        role="slider"
        tabIndex={0}
        aria-label="Images, the worst fall first"
        aria-valuemin={1}
        aria-valuemax={found.length}
        aria-valuenow={at + 1}
        aria-valuetext={shown ? told(shown, factor) : "none"}
        onKeyDown={keys}
      >
        <Canvas
          draw={draw}
          label="Differences of all images, sorted"
          style={{ height: "150px" }}
          onPointerMove={(event) => setAt(under(event))}
          onPointerLeave={() => setAt(-1)}
          onClick={(event) => {
            const pair = found[under(event)];
            if (pair) open(pair);
          }}
        />
      </div>
      <p class="muted told">{shown ? told(shown, factor) : " "}</p>
    </div>
  );
}

function told(pair: Pair, factor: number): string {
  const digits = seenDigits([pair.difference], factor);
  const [from, to] = [pair.a, pair.b].map((score) => points(score, digits, factor));
  return `${pair.name}: ${from} to ${to}, ${signed(pair.difference, digits, factor)}`;
}

const GUTTER = 44;

interface Sheet {
  width: number;
  height: number;
  factor: number;
}

function drawBars(
  context: CanvasRenderingContext2D,
  { width, height, factor }: Sheet,
  found: Pair[],
  at: number,
): void {
  const scale = scaleOf(
    found.map((pair) => pair.difference),
    height - 6,
    6,
    true,
  );
  context.font = `11px ${token("--font")}`;
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const value of scale.ticks) {
    const y = Math.round(scale.at(value)) + 0.5;
    context.strokeStyle = token(value === 0 ? "--line-strong" : "--line");
    context.beginPath();
    context.moveTo(GUTTER, y);
    context.lineTo(width, y);
    context.stroke();
    context.fillStyle = token("--muted");
    context.fillText(signed(value, scale.digits(factor), factor), GUTTER - 6, y);
  }
  const step = (width - GUTTER) / found.length;
  const zero = scale.at(0);
  found.forEach((pair, index) => {
    const y = scale.at(pair.difference);
    const gap = step > 4 ? 1 : 0;
    context.fillStyle = token(pair.difference < 0 ? "--bad" : "--good");
    context.globalAlpha = at < 0 || at === index ? 1 : 0.45;
    // Two pixels at least, so that no change is seen as one
    context.fillRect(
      GUTTER + index * step + gap / 2,
      Math.min(y, zero - 1),
      Math.max(1, step - gap),
      Math.max(2, Math.abs(y - zero)),
    );
  });
  context.globalAlpha = 1;
}

function Rows({ found, factor, open }: DrawnProps) {
  const cut = found.length > 2 * ENDS;
  const shown = cut ? [...found.slice(0, ENDS), ...found.slice(-ENDS)] : found;
  const digits = seenDigits(
    found.map((pair) => pair.difference),
    factor,
  );
  return (
    <div class="scroll rows">
      {cut && (
        <p class="muted">
          The {ENDS} worst and the {ENDS} best of {found.length}.
        </p>
      )}
      <table class="plain">
        <thead>
          <tr>
            <th scope="col">Image</th>
            <th scope="col" class="number">
              From
            </th>
            <th scope="col" class="number">
              To
            </th>
            <th scope="col" class="number">
              Difference
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.map((pair) => (
            <tr key={pair.name}>
              <td>
                <button type="button" class="link" onClick={() => open(pair)}>
                  {pair.name}
                </button>
              </td>
              <td class="number">{points(pair.a, digits, factor)}</td>
              <td class="number">{points(pair.b, digits, factor)}</td>
              <td class={`number ${pair.difference < 0 ? "down" : "up"}`}>{signed(pair.difference, digits, factor)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
