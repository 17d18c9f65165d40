/** The lines of a chart on its canvas. */
import type uPlot from "uplot";
import { nearest } from "./extent";
import type { Drawn } from "./lines";
import { outline } from "./marker";

/** CSS pixels: of a point and of a shape; between two shapes of a line; by which those of the next line are shifted. */
const POINT = 2.2;
const SHAPE = 7;
const BETWEEN = 84;
const SHIFT = 37;

/** Bands, then raw lines, then lines; all but the marked one faint where one is marked. */
export function paint(chart: uPlot, lines: readonly Drawn[], marked: string | null): void {
  const { ctx, bbox } = chart;
  const sharp = devicePixelRatio || 1;
  const toX = mapper(chart, "x");
  const toY = mapper(chart, "y");
  ctx.save();
  ctx.beginPath();
  // The first and last points whole
  const edge = POINT * 1.5 * sharp;
  ctx.rect(bbox.left - edge, bbox.top - edge, bbox.width + 2 * edge, bbox.height + 2 * edge);
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
  // What is marked lies on top
  for (const line of [...lines].sort((one, other) => Number(one.id === marked) - Number(other.id === marked))) {
    ctx.strokeStyle = ctx.fillStyle = line.color;
    ctx.globalAlpha = faded(line) ? 0.22 : 1;
    // More points than pixels: a thick line would be a block
    const wide = line.raw ? 1.8 : line.x.length * sharp > bbox.width ? 1 : 1.5;
    ctx.lineWidth = (line.id === marked ? wide + 0.9 : wide) * sharp;
    ctx.setLineDash(line.dash.map((length) => length * sharp));
    stroke(ctx, line.x, line.y, toX, toY);
    if (line.x.length * 10 * sharp < bbox.width) dots(ctx, line, toX, toY, POINT * sharp);
    if (line.shape !== "none") shapes(chart, line, lines.indexOf(line), toX, toY, sharp);
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

/** A shape now and then along a line, at points of it; those of lines that lie on each other take turns. */
function shapes(chart: uPlot, line: Drawn, index: number, toX: To, toY: To, sharp: number): void {
  const { ctx, bbox } = chart;
  ctx.setLineDash([]);
  for (let left = (index * SHIFT) % BETWEEN; left < bbox.width / sharp; left += BETWEEN) {
    const place = nearest(line.x, chart.posToVal(left, "x"));
    const [x, y] = [toX(line.x[place] as number), toY(line.y[place] as number)];
    if (!Number.isFinite(x) || !Number.isFinite(y)) continue;
    ctx.beginPath();
    for (const [right, down] of outline(line.shape, SHAPE * sharp)) ctx.lineTo(x + right, y + down);
    ctx.fill();
  }
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
