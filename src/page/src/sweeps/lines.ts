/** Draws the lines of parallel coordinates: ten thousand in the time of a frame or few. */
import { ramp } from "../plot/ramp";
import { token } from "../design/colors";
import { theme } from "../design/theme";
import { marks } from "./axis";
import type { Brushes } from "./brush";
import type { Sweep } from "./model";
import { axisX, ending, GAP, type Sides } from "./sides";

export const TOP = 12;
export const BOTTOM = 14;
/** Colours are drawn in so many steps: lines of one colour are one path. */
const STEPS = 24;

/** Lines in one path: strokes of longer ones grow slow, for where a path crosses itself is looked for. */
const CHUNK = 40;

export function heightOf(share: number, height: number): number {
  return height - BOTTOM - share * (height - TOP - BOTTOM);
}

export function shareOf(y: number, height: number): number {
  return (height - BOTTOM - y) / (height - TOP - BOTTOM);
}

/**
 * Lines of the chosen trials, the best ones last and so on top.
 *
 * @param chosen - 1 for trials that are drawn.
 * @param color - Of all lines; null for that of their merit.
 */
export function drawLines(
  context: CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D,
  width: number,
  height: number,
  sides: Sides,
  sweep: Sweep,
  chosen: Uint8Array,
  color: string | null,
): void {
  const columns = sweep.axes.map((axis) => sweep.places.get(axis.name) ?? new Float32Array());
  const xs = columns.map((_, index) => axisX(index, columns.length, width, sides));
  const bins: number[][] = Array.from({ length: STEPS + 1 }, () => []);
  let many = 0;
  chosen.forEach((on, trial) => {
    if (!on) return;
    const merit = sweep.merit[trial] ?? NaN;
    many++;
    bins[Number.isNaN(merit) ? 0 : 1 + Math.min(STEPS - 1, Math.floor(merit * STEPS))]?.push(trial);
  });
  const faint = color !== null;
  context.lineWidth = many > 400 || faint ? 1 : 1.6;
  context.globalAlpha = faint ? Math.min(0.5, 200 / many + 0.04) : Math.max(0.05, Math.min(0.85, 250 / many));
  bins.forEach((bin, step) => {
    context.strokeStyle = color ?? (step === 0 ? token("--faint") : meritColor((step - 0.5) / STEPS));
    for (let from = 0; from < bin.length; from += CHUNK) {
      context.beginPath();
      for (const trial of bin.slice(from, from + CHUNK)) trace(context, trial, columns, xs, height);
      context.stroke();
    }
  });
  context.globalAlpha = 1;
}

/** One trial's line; it breaks where the trial has no value. */
export function trace(
  context: CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D,
  trial: number,
  columns: Float32Array[],
  xs: number[],
  height: number,
): void {
  let down = false;
  for (let index = 0; index < columns.length; index++) {
    const share = columns[index]?.[trial] ?? NaN;
    if (Number.isNaN(share)) {
      down = false;
      continue;
    }
    const [x, y] = [xs[index] ?? 0, heightOf(share, height)];
    if (down) context.lineTo(x, y);
    else context.moveTo(x, y);
    down = true;
  }
}

/** The best stands out from the ground: dark on light ground, bright on dark. The worst comes near it, but is still seen. */
export function meritColor(merit: number): string {
  const [worst, best] = ENDS[theme.value];
  return ramp(worst + merit * (best - worst));
}

/** Places on the ramp of the worst and of the best. */
export const ENDS = { light: [0.92, 0.04], dark: [0.12, 1] } as const;

/** Axes with their marks, and what is brushed. */
export function drawAxes(
  context: CanvasRenderingContext2D,
  width: number,
  height: number,
  sides: Sides,
  sweep: Sweep,
  brushes: Brushes,
): void {
  context.font = font();
  const measure = (text: string) => context.measureText(text).width;
  const step = axisX(1, sweep.axes.length, width, sides) - axisX(0, sweep.axes.length, width, sides);
  context.textBaseline = "middle";
  sweep.axes.forEach((axis, index) => {
    const x = axisX(index, sweep.axes.length, width, sides);
    const last = index === sweep.axes.length - 1;
    const room = (index === 0 ? sides.left : last ? sides.right : step) - 2 * GAP;
    context.strokeStyle = token("--line-strong");
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(x, heightOf(1, height));
    context.lineTo(x, heightOf(0, height));
    context.stroke();
    context.textAlign = last ? "left" : "right";
    for (const { text, at } of marks(axis)) {
      const y = heightOf(at, height);
      context.fillStyle = token("--line-strong");
      context.fillRect(last ? x : x - 4, y - 0.5, 4, 1);
      outlined(context, ending(text, room, measure), last ? x + GAP : x - GAP, y);
    }
    const stretch = brushes.get(axis.name);
    if (!stretch) return;
    const [low, high] = [heightOf(stretch[0], height), heightOf(stretch[1], height)];
    context.fillStyle = token("--accent");
    context.globalAlpha = 0.22;
    context.fillRect(x - 8, high, 16, low - high);
    context.globalAlpha = 1;
    context.fillRect(x - 8, high - 1, 16, 2);
    context.fillRect(x - 8, low - 1, 16, 2);
  });
}

/** Of the marks. */
export function font(): string {
  return `11px ${token("--font")}`;
}

function outlined(context: CanvasRenderingContext2D, text: string, x: number, y: number): void {
  context.lineJoin = "round";
  context.lineWidth = 3;
  context.strokeStyle = token("--surface");
  context.strokeText(text, x, y);
  context.fillStyle = token("--muted");
  context.fillText(text, x, y);
}
