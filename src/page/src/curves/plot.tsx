/** uPlot for axes, zoom and cursor; the lines are drawn here, as each has its own x. */
import { signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { fullNameOf } from "../data/runs";
import { theme } from "../design/theme";
import { number } from "../design/words";
import type { XAxis } from "../data/curves";
import { useSize } from "../parts/canvas";
import { extent, nearest, toTick, type Range } from "./extent";
import type { Drawn } from "./lines";
import { mark, options, unmark } from "./options";
import { paint } from "./paint";
import { xWords } from "./places";
import { lineAfter, stepped } from "./walk";

/** Where the pointer or the keyboard is on x, on whichever chart; null while on none. */
export const cursorAt = signal<number | null>(null);
/** The line nearest to the pointer: it stands out in all charts. */
export const pointed = signal<string | null>(null);

interface Props {
  label: string;
  lines: readonly Drawn[];
  axis: XAxis;
  logX: boolean;
  logY: boolean;
  zoom: Range | null;
  height: number;
  onZoom: (range: Range | null) => void;
}

/** Pixels from the pointer to a line that it marks. */
const REACH = 14;
/** Lines whose values are read out; of more the list below has them. */
const TOLD = 6;

export function Plot({ label, lines, axis, logX, logY, zoom, height, onZoom }: Props) {
  const [box, { width }] = useSize<HTMLDivElement>();
  const plot = useRef<uPlot | null>(null);
  const latest = useRef({ lines, onZoom });
  latest.current = { lines, onZoom };
  const scheme = theme.value;
  useEffect(() => {
    if (!box.current || width < 40) return;
    const hooks = {
      draw: (chart: uPlot) => paint(chart, latest.current.lines, pointed.peek()),
      move: (chart: uPlot) => follow(chart, latest.current.lines),
      zoom: (range: Range) => latest.current.onZoom(range),
    };
    const chart = new uPlot(options(width, height, { axis, logX, logY }, hooks), empty(), box.current);
    chart.over.addEventListener("mouseleave", leave);
    plot.current = chart;
    return () => {
      chart.destroy();
      plot.current = null;
    };
  }, [width, height, axis, logX, logY, scheme]);
  useEffect(() => {
    const chart = plot.current;
    if (!chart) return;
    const whole = extent(
      lines.map((line) => line.x),
      logX,
    );
    const counted = !logX && (axis === "step" || axis === "epoch" || axis === "images");
    const x = zoom ?? (whole && counted ? toTick(whole) : whole);
    const y = extent(lines.flatMap(reach), logY);
    chart.batch(() => {
      chart.setScale("x", x && x.low < x.high ? { min: x.low, max: x.high } : around(x, logX));
      chart.setScale("y", padded(y, logY));
      chart.redraw(false, true);
    });
  }, [lines, zoom?.low, zoom?.high, width, height, axis, logX, logY, scheme]);
  const marked = pointed.value;
  useEffect(() => plot.current?.redraw(false, false), [marked]);
  const at = cursorAt.value;
  useEffect(() => {
    if (plot.current) show(plot.current, at);
  }, [at, lines, zoom?.low, zoom?.high, width]);
  const walk = useWalk(plot, latest);
  return (
    <div
      ref={box}
      class="plot"
      role="slider"
      tabIndex={0}
      aria-label={`${label}: ${lines.length} ${lines.length === 1 ? "line" : "lines"}`}
      aria-valuemin={plot.current?.scales["x"]?.min ?? 0}
      aria-valuemax={plot.current?.scales["x"]?.max ?? 1}
      aria-valuenow={at ?? plot.current?.scales["x"]?.min ?? 0}
      aria-valuetext={walk.range ? rangeWords(walk.range, axis) : told(lines, axis, at, marked)}
      style={{ height: `${height}px` }}
      onDblClick={() => onZoom(null)}
      onKeyDown={walk.onKeyDown}
      onBlur={walk.onBlur}
    />
  );
}

type Latest = { current: { lines: readonly Drawn[]; onZoom: (range: Range | null) => void } };

/** Arrows move the cursor and choose the line; with Shift they mark a range, and Enter zooms into it. */
function useWalk(plot: { current: uPlot | null }, latest: Latest) {
  const [range, setRange] = useState<Range | null>(null);
  const anchor = useRef<number | null>(null);
  const drop = (): void => {
    anchor.current = null;
    setRange(null);
    if (plot.current) unmark(plot.current);
  };
  const onBlur = (): void => {
    drop();
    leave();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const chart = plot.current;
    const { lines, onZoom } = latest.current;
    const { min, max } = chart?.scales["x"] ?? {};
    if (!chart || typeof min !== "number" || typeof max !== "number") return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const one = lines.filter(({ id }) => id === pointed.peek());
    const at = cursorAt.peek();
    const next = stepped(event.key, at, { lines: one.length > 0 ? one : lines, range: { low: min, high: max } });
    if (next !== null) {
      cursorAt.value = next;
      if (!event.shiftKey) drop();
      else {
        anchor.current ??= at ?? next;
        const marked = { low: Math.min(anchor.current, next), high: Math.max(anchor.current, next) };
        setRange(marked);
        mark(chart, marked);
      }
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const ids = lines.map(({ id }) => id);
      pointed.value = lineAfter(ids, pointed.peek(), event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Enter" && range && range.low < range.high) {
      drop();
      onZoom(range);
    } else if (event.key === "Escape" && (range || at !== null)) {
      drop();
      if (!range) leave();
    } else if (!event.key.startsWith("Arrow") && !event.key.startsWith("Page")) return;
    event.preventDefault();
  };
  return { range, onKeyDown, onBlur };
}

function leave(): void {
  cursorAt.value = null;
  pointed.value = null;
}

/** Puts the cursor of a chart where it is on x, unless the pointer has put it there already. */
function show(chart: uPlot, at: number | null): void {
  const left = at === null ? -10 : chart.valToPos(at, "x");
  if (Math.abs((chart.cursor.left ?? -10) - left) < 1) return;
  chart.setCursor({ left, top: at === null ? -10 : 0 }, false);
}

/** The cursor's place and values there, for those who do not see it. */
function told(lines: readonly Drawn[], axis: XAxis, at: number | null, marked: string | null): string {
  if (at === null) return "no place; arrows go from point to point";
  const some = lines.filter(({ id }) => id === marked);
  const values = (some.length > 0 ? some : lines.slice(0, TOLD)).map((line) => {
    const value = line.y[nearest(line.x, at)];
    return `${line.name ?? fullNameOf(line.id)} ${some.length > 0 ? digits(value) : number(value)}`;
  });
  const more = some.length === 0 && lines.length > TOLD ? `, and ${lines.length - TOLD} more` : "";
  return `${xWords(at, axis)}: ${values.join(", ")}${more}`;
}

/** All digits of a value: logs hold more than the 32 bits that curves are sent with, which are seven. */
export function digits(value: number | undefined): string {
  return value === undefined || !Number.isFinite(value) ? number(value) : String(Number(value.toPrecision(7)));
}

function rangeWords({ low, high }: Range, axis: XAxis): string {
  return `from ${xWords(low, axis)} to ${xWords(high, axis)}; Enter zooms into it`;
}

/** All values of a line that its scale has to hold. */
function reach(line: Drawn): ArrayLike<number>[] {
  return [line.y, ...(line.raw ? [line.raw] : []), ...(line.band ? [line.band.low, line.band.high] : [])];
}

function empty(): uPlot.AlignedData {
  return [
    [0, 1],
    [null, null],
  ];
}

function around(range: Range | null, log: boolean): { min: number; max: number } {
  const at = range?.low ?? 0;
  if (log) return { min: (at || 1) / 2, max: (at || 1) * 2 };
  const wide = Math.abs(at) * 0.05 || 0.5;
  return { min: at - wide, max: at + wide };
}

function padded(range: Range | null, log: boolean): { min: number; max: number } {
  if (!range || range.low === range.high) return around(range, log);
  if (log) return { min: range.low / 1.15, max: range.high * 1.15 };
  const wide = (range.high - range.low) * 0.05;
  return { min: range.low - wide, max: range.high + wide };
}

/** The chart under the pointer says where that is; the others only show it. */
function follow(chart: uPlot, lines: readonly Drawn[]): void {
  const { left = -1, top = -1 } = chart.cursor;
  if (left < 0 || !chart.over.matches(":hover")) return;
  const at = chart.posToVal(left, "x");
  cursorAt.value = at;
  let best: string | null = null;
  let least = REACH;
  for (const line of lines) {
    const place = nearest(line.x, at);
    if (place < 0) continue;
    const away = Math.abs(chart.valToPos(line.y[place] as number, "y") - top);
    if (away < least) [least, best] = [away, line.id];
  }
  pointed.value = best;
}
