/** uPlot for axes, zoom and cursor; the lines are drawn here, as each has its own x. */
import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { token } from "../design/colors";
import { theme } from "../design/theme";
import { clock, number } from "../design/words";
import type { XAxis } from "../data/curves";
import { useSize } from "../parts/canvas";
import { extent, nearest, type Range } from "./extent";
import type { Drawn } from "./lines";

/** Where the pointer is on x, on whichever chart; null while on none. */
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

const SYNC = "curves";
const REACH = 14;

export function Plot({ label, lines, axis, logX, logY, zoom, height, onZoom }: Props) {
  const [box, { width }] = useSize<HTMLDivElement>();
  const plot = useRef<uPlot | null>(null);
  const latest = useRef({ lines, onZoom, logY, zoom });
  latest.current = { lines, onZoom, logY, zoom };
  const scheme = theme.value;
  useEffect(() => {
    if (!box.current || width < 40) return;
    const chart = new uPlot(options(width, height, axis, logX, logY, latest), empty(), box.current);
    plot.current = chart;
    return () => {
      chart.destroy();
      plot.current = null;
    };
  }, [width, height, axis, logX, logY, scheme]);
  useEffect(() => {
    const chart = plot.current;
    if (!chart) return;
    const x =
      zoom ??
      extent(
        lines.map((line) => line.x),
        logX,
      );
    const y = extent(lines.flatMap(reach), logY);
    chart.batch(() => {
      chart.setScale("x", x && x.low < x.high ? { min: x.low, max: x.high } : around(x, logX));
      chart.setScale("y", padded(y, logY));
      chart.redraw(false, true);
    });
  }, [lines, zoom?.low, zoom?.high, width, height, axis, logX, logY, scheme]);
  const marked = pointed.value;
  useEffect(() => plot.current?.redraw(false, false), [marked]);
  return (
    <div
      ref={box}
      class="plot"
      role="img"
      aria-label={`${label}: ${lines.length} ${lines.length === 1 ? "line" : "lines"}`}
      style={{ height: `${height}px` }}
      onDblClick={() => onZoom(null)}
    />
  );
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

type Latest = { current: { lines: readonly Drawn[]; onZoom: (range: Range | null) => void; zoom: Range | null } };

function options(
  width: number,
  height: number,
  axis: XAxis,
  logX: boolean,
  logY: boolean,
  latest: Latest,
): uPlot.Options {
  const look = {
    stroke: token("--muted"),
    font: "11px system-ui",
    grid: { stroke: token("--line"), width: 1 },
    ticks: { show: false },
  };
  const time = axis === "wall";
  return {
    width,
    height,
    padding: [8, 12, 0, 0],
    legend: { show: false },
    scales: {
      x: { time, distr: logX && !time ? 3 : 1, auto: false },
      y: { distr: logY ? 3 : 1, auto: false },
    },
    series: [{}, { paths: () => null, points: { show: false } }],
    axes: [
      {
        ...look,
        size: 30,
        gap: 6,
        ...(time ? {} : { values: (_: uPlot, splits: number[]) => splits.map((value) => xWords(value, axis)) }),
        ...(axis === "time" ? { incrs: [...STRETCHES, ...DAYS] } : {}),
        ...(logX && !time ? LOG : {}),
      },
      { ...look, size: 58, gap: 6, values: (_, splits) => splits.map(number), ...(logY ? LOG : {}) },
    ],
    cursor: {
      sync: { key: SYNC, scales: ["x", null] },
      drag: { x: true, y: false, setScale: false },
      points: { show: false },
      y: false,
    },
    hooks: {
      draw: [(chart) => paint(chart, latest.current.lines)],
      setCursor: [(chart) => follow(chart, latest.current.lines)],
      setSelect: [
        (chart) => {
          if (chart.select.width < 6) return;
          const low = chart.posToVal(chart.select.left, "x");
          const high = chart.posToVal(chart.select.left + chart.select.width, "x");
          chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          latest.current.onZoom({ low, high });
        },
      ],
    },
  };
}

export function xWords(value: number, axis: XAxis): string {
  return axis === "time" ? clock(value) : number(value);
}

/** Round stretches of time, in seconds. */
const STRETCHES = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200];
const DAYS = [1, 2, 5, 10, 20, 50, 100].map((days) => days * 86400);

/** Places on a logarithmic axis: powers of ten, and 2 and 5 between them where there is room. */
function logPlaces(min: number, max: number): number[] {
  const first = Math.floor(Math.log10(min));
  const last = Math.ceil(Math.log10(max));
  const wide = last - first;
  const every = Math.max(1, Math.ceil(wide / 8));
  const found: number[] = [];
  for (let power = first; power <= last; power++) {
    if ((power - first) % every !== 0) continue;
    for (const step of wide <= 3 ? [1, 2, 5] : [1]) found.push(step * 10 ** power);
  }
  const inside = found.filter((place) => place >= min && place <= max);
  return inside.length >= 2 ? inside : [min, max];
}

const LOG = {
  splits: (_: uPlot, __: number, min: number, max: number) => logPlaces(min, max),
  filter: (_: uPlot, all: number[]) => all,
};

/** The chart under the pointer says where that is; the others only show it. */
function follow(chart: uPlot, lines: readonly Drawn[]): void {
  if (!chart.over.matches(":hover")) {
    if (cursorAt.peek() !== null && (chart.cursor.left ?? -1) < 0) {
      cursorAt.value = null;
      pointed.value = null;
    }
    return;
  }
  const { left = -1, top = -1 } = chart.cursor;
  if (left < 0) return;
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

function paint(chart: uPlot, lines: readonly Drawn[]): void {
  const { ctx, bbox } = chart;
  const sharp = devicePixelRatio || 1;
  const toX = mapper(chart, "x");
  const toY = mapper(chart, "y");
  const marked = pointed.peek();
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.lineJoin = "round";
  const faded = (line: Drawn): boolean =>
    marked !== null && marked !== line.id && lines.some(({ id }) => id === marked);
  for (const line of lines) {
    ctx.globalAlpha = faded(line) ? 0.06 : 0.16;
    if (line.band) fill(ctx, line, toX, toY);
  }
  for (const line of lines) {
    ctx.strokeStyle = line.color;
    if (line.raw) {
      ctx.globalAlpha = faded(line) ? 0.06 : 0.2;
      ctx.lineWidth = sharp;
      ctx.setLineDash([]);
      stroke(ctx, line.x, line.raw, toX, toY);
    }
  }
  for (const line of lines) {
    ctx.strokeStyle = ctx.fillStyle = line.color;
    ctx.globalAlpha = faded(line) ? 0.22 : 1;
    // More points than pixels: a thick line would be a block
    const wide = line.raw ? 1.8 : line.x.length * sharp > bbox.width ? 1 : 1.5;
    ctx.lineWidth = (line.id === marked ? wide + 0.9 : wide) * sharp;
    ctx.setLineDash(line.dash.map((length) => length * sharp));
    stroke(ctx, line.x, line.y, toX, toY);
    if (line.x.length * 10 * sharp < bbox.width) dots(ctx, line, toX, toY, 2.2 * sharp);
  }
  ctx.restore();
}

/** Value to place on the canvas: as uPlot's valToPos, without its work for each point. */
function mapper(chart: uPlot, scale: "x" | "y"): (value: number) => number {
  const { min = 0, max = 1, distr } = chart.scales[scale] ?? {};
  const log = distr === 3;
  const low = log ? Math.log(min ?? 1) : (min ?? 0);
  const high = log ? Math.log(max ?? 1) : (max ?? 1);
  const { bbox } = chart;
  const [start, length] = scale === "x" ? [bbox.left, bbox.width] : [bbox.top + bbox.height, -bbox.height];
  const factor = length / (high - low);
  return log ? (value) => start + (Math.log(value) - low) * factor : (value) => start + (value - low) * factor;
}

type To = (value: number) => number;

function stroke(ctx: CanvasRenderingContext2D, x: ArrayLike<number>, y: ArrayLike<number>, toX: To, toY: To): void {
  ctx.beginPath();
  let pen = false;
  for (let i = 0; i < x.length; i++) {
    const top = toY(y[i] as number);
    // No number, or none on a log axis: a gap
    if (!Number.isFinite(top)) {
      pen = false;
      continue;
    }
    if (pen) ctx.lineTo(toX(x[i] as number), top);
    else ctx.moveTo(toX(x[i] as number), top);
    pen = true;
  }
  ctx.stroke();
}

function dots(ctx: CanvasRenderingContext2D, line: Drawn, toX: To, toY: To, radius: number): void {
  ctx.beginPath();
  for (let i = 0; i < line.x.length; i++) {
    const [left, top] = [toX(line.x[i] as number), toY(line.y[i] as number)];
    if (!Number.isFinite(top)) continue;
    ctx.moveTo(left + radius, top);
    ctx.arc(left, top, radius, 0, 2 * Math.PI);
  }
  ctx.fill();
}

function fill(ctx: CanvasRenderingContext2D, line: Drawn, toX: To, toY: To): void {
  if (!line.band) return;
  const { x, low, high } = line.band;
  const bottom = (value: number): number => (Number.isFinite(toY(value)) ? toY(value) : 1e6);
  ctx.fillStyle = line.color;
  ctx.beginPath();
  for (let i = 0; i < x.length; i++) ctx.lineTo(toX(x[i] as number), bottom(high[i] as number));
  for (let i = x.length - 1; i >= 0; i--) ctx.lineTo(toX(x[i] as number), bottom(low[i] as number));
  ctx.fill();
}
