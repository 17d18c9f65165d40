/** Dots of trials on two axes, with a line or a field: slices, contours, best-so-far and Pareto are this. */
import { useCallback } from "preact/hooks";
import { token } from "../design/colors";
import { Canvas } from "../parts/canvas";
import { nearestPoint } from "../plot/nearest";
import { marks, type Axis } from "./axis";
import { meritColor } from "./lines";
import type { Sweep } from "./model";
import { pick, pointed } from "./state";

export interface Field {
  values: Float64Array;
  steps: number;
  /** Pieces of level lines, in shares of the axes. */
  lines: number[];
  merit: (value: number) => number;
}

interface Props {
  sweep: Sweep;
  x: Axis;
  y: Axis;
  /** Places of the trials. */
  xs: Float32Array;
  ys: Float32Array;
  shown: Uint8Array;
  chosen: Uint8Array;
  picked: number;
  label: string;
  height: number;
  /** A line below the dots, in shares of the axes; NaN breaks it. */
  line?: [number, number][];
  stepped?: boolean;
  field?: Field | null;
}

const [LEFT, RIGHT, TOP, BOTTOM] = [44, 10, 8, 22];

type Strokes = readonly (readonly [color: string, width: number])[];
const BELOW: Strokes = [
  ["--surface", 5],
  ["--accent", 2],
];

/** From so many dots on they lie in heaps, in which a mean would be lost: there it runs thinly over them. */
const HEAPS = 300;
const THIN: Strokes = [
  ["--surface", 3],
  ["--accent", 1.5],
];

interface Frame {
  x: (share: number) => number;
  y: (share: number) => number;
}

function frameOf(width: number, height: number): Frame {
  return {
    x: (share) => LEFT + share * (width - LEFT - RIGHT),
    y: (share) => height - BOTTOM - share * (height - TOP - BOTTOM),
  };
}

export function Scatter(props: Props) {
  const { sweep, x, y, xs, ys, shown, chosen, picked, label, height, line, stepped, field } = props;
  const now = pointed.value >= 0 ? pointed.value : picked;
  const draw = useCallback(
    (context: CanvasRenderingContext2D, width: number, tall: number) => {
      const frame = frameOf(width, tall);
      drawGrid(context, frame, width, tall, x, y);
      if (field) drawField(context, frame, field);
      if (!field) drawDots(context, frame, props, 0);
      if (line) drawLine(context, frame, line, stepped ?? false, BELOW);
      drawDots(context, frame, props, 1);
      if (line && !stepped && xs.length >= HEAPS) drawLine(context, frame, line, false, THIN);
    },
    [sweep, x, y, xs, ys, shown, chosen, line, stepped, field],
  );
  const over = useCallback(
    (context: CanvasRenderingContext2D, width: number, tall: number) => {
      const frame = frameOf(width, tall);
      ring(context, frame.x(xs[now] ?? NaN), frame.y(ys[now] ?? NaN));
    },
    [xs, ys, now],
  );
  const under = (event: MouseEvent & { currentTarget: HTMLElement }) => {
    const box = event.currentTarget.getBoundingClientRect();
    const frame = frameOf(box.width, box.height);
    const px = xs.map((share, trial) => (shown[trial] ? frame.x(share) : NaN));
    return nearestPoint(px, ys.map(frame.y), event.clientX - box.left, event.clientY - box.top, 12);
  };
  return (
    <div class="layers" style={{ height: `${height}px` }}>
      <Canvas draw={draw} label={label} style={{ height: `${height}px` }} />
      <Canvas
        draw={over}
        label="the trial under the pointer"
        aria-hidden="true"
        class="over"
        style={{ height: `${height}px` }}
        onPointerMove={(event) => (pointed.value = under(event))}
        onPointerLeave={() => (pointed.value = -1)}
        onClick={(event) => pick(sweep.trials[under(event)]?.number)}
      />
    </div>
  );
}

function drawGrid(
  context: CanvasRenderingContext2D,
  frame: Frame,
  width: number,
  height: number,
  x: Axis,
  y: Axis,
): void {
  context.font = `11px ${token("--font")}`;
  context.lineWidth = 1;
  context.strokeStyle = token("--line");
  context.fillStyle = token("--muted");
  context.textBaseline = "middle";
  context.textAlign = "right";
  for (const { text, at } of marks(y, Math.max(2, height / 45))) {
    const py = Math.round(frame.y(at)) + 0.5;
    rule(context, frame.x(0), py, frame.x(1), py);
    context.fillText(cut(text, 6), LEFT - 5, py);
  }
  context.textBaseline = "alphabetic";
  let free = -Infinity;
  for (const { text, at } of marks(x, Math.max(2, width / 60))) {
    const px = Math.round(frame.x(at)) + 0.5;
    rule(context, px, frame.y(0), px, frame.y(0) + 4);
    const said = cut(text, 12);
    const wide = context.measureText(said).width;
    const left = Math.min(width - wide - 2, Math.max(LEFT - 12, px - wide / 2));
    // Marks that would touch are left out
    if (left < free) continue;
    free = left + wide + 6;
    context.textAlign = "left";
    context.fillText(said, left, height - 5);
  }
  rule(context, frame.x(0), frame.y(0), frame.x(1), frame.y(0));
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}

function rule(context: CanvasRenderingContext2D, x0: number, y0: number, x1: number, y1: number): void {
  context.beginPath();
  context.moveTo(x0, y0);
  context.lineTo(x1, y1);
  context.stroke();
}

/** Dots that are not selected first, faint; pruned trials are crosses. */
function drawDots(context: CanvasRenderingContext2D, frame: Frame, props: Props, which: 0 | 1): void {
  const { sweep, xs, ys, shown, chosen, field } = props;
  const many = xs.length > 2000;
  const radius = many ? 1.6 : 3;
  context.lineWidth = 1.2;
  for (let trial = 0; trial < xs.length; trial++) {
    if (!shown[trial] || chosen[trial] !== which) continue;
    const [x, y] = [frame.x(xs[trial] ?? NaN), frame.y(ys[trial] ?? NaN)];
    if (Number.isNaN(x + y)) continue;
    context.globalAlpha = which === 0 ? 0.16 : field && many ? 0.3 : sweep.pruned[trial] ? 0.55 : 0.9;
    const color =
      which === 0 || field ? token(which === 0 ? "--faint" : "--ink") : meritColor(sweep.merit[trial] ?? NaN);
    if (sweep.pruned[trial]) {
      context.strokeStyle = color;
      rule(context, x - radius, y - radius, x + radius, y + radius);
      rule(context, x - radius, y + radius, x + radius, y - radius);
    } else {
      context.fillStyle = color;
      if (many) context.fillRect(x - radius, y - radius, 2 * radius, 2 * radius);
      else {
        context.beginPath();
        context.arc(x, y, radius, 0, 7);
        context.fill();
        if (!field) continue;
        context.strokeStyle = token("--surface");
        context.stroke();
      }
    }
  }
  context.globalAlpha = 1;
}

function drawLine(
  context: CanvasRenderingContext2D,
  frame: Frame,
  line: [number, number][],
  stepped: boolean,
  strokes: Strokes,
): void {
  context.beginPath();
  let before = NaN;
  for (const [x, y] of line) {
    if (Number.isNaN(before) || Number.isNaN(y)) context.moveTo(frame.x(x), frame.y(y));
    else {
      if (stepped) context.lineTo(frame.x(x), frame.y(before));
      context.lineTo(frame.x(x), frame.y(y));
    }
    before = y;
  }
  context.lineJoin = "round";
  for (const [color, width] of strokes) {
    context.strokeStyle = token(color);
    context.lineWidth = width;
    context.stroke();
  }
}

function drawField(context: CanvasRenderingContext2D, frame: Frame, { values, steps, lines, merit }: Field): void {
  // One pixel over, so that no seams show between cells
  const wide = (frame.x(1) - frame.x(0)) / (steps - 1) + 1;
  const tall = (frame.y(0) - frame.y(1)) / (steps - 1) + 1;
  context.save();
  context.beginPath();
  context.rect(frame.x(0), frame.y(1), frame.x(1) - frame.x(0), frame.y(0) - frame.y(1));
  context.clip();
  values.forEach((value, cell) => {
    if (Number.isNaN(value)) return;
    context.fillStyle = meritColor(merit(value));
    const x = frame.x((cell % steps) / (steps - 1));
    const y = frame.y(Math.floor(cell / steps) / (steps - 1));
    context.fillRect(x - wide / 2, y - tall / 2, wide, tall);
  });
  context.restore();
  context.strokeStyle = "rgb(255 255 255 / 60%)";
  context.lineWidth = 1;
  context.beginPath();
  for (let at = 0; at < lines.length; at += 4) {
    context.moveTo(frame.x(lines[at] ?? 0), frame.y(lines[at + 1] ?? 0));
    context.lineTo(frame.x(lines[at + 2] ?? 0), frame.y(lines[at + 3] ?? 0));
  }
  context.stroke();
}

function ring(context: CanvasRenderingContext2D, x: number, y: number): void {
  if (Number.isNaN(x + y)) return;
  for (const [color, width] of [
    [token("--surface"), 5],
    [token("--ink"), 2],
  ] as const) {
    context.beginPath();
    context.arc(x, y, 6, 0, 7);
    context.strokeStyle = color;
    context.lineWidth = width;
    context.stroke();
  }
}
