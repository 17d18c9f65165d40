/** Parallel coordinates: each trial a line over all parameters to its value; brushes on the axes select. */
import { useCallback, useMemo } from "preact/hooks";
import { token } from "../design/colors";
import { theme } from "../design/theme";
import { Canvas } from "../parts/canvas";
import { nearestLine } from "../plot/nearest";
import { short } from "../plot/ticks";
import { valueAt, type Axis } from "./axis";
import { brushed, nudged, type Brushes, type Stretch } from "./brush";
import { drawAxes, drawLines, font, shareOf, trace } from "./lines";
import type { Sweep } from "./model";
import { axisX, sidesOf, type Sides } from "./sides";
import { dragged, keep, pick, pointed } from "./state";

interface Props {
  sweep: Sweep;
  brushes: Brushes;
  /** Trials that may show: without the pruned ones if they are hidden. */
  shown: Uint8Array;
  chosen: Uint8Array;
  picked: number;
}

const HEIGHT = 340;
/** From one axis to the next at least, in pixels: narrower plots scroll. */
const LEAST_STEP = 92;
/** Room of the outer names beyond their axes. */
const OUTSIDE = 38;
/** How near an axis a press starts a brush. */
const GRIP = 22;

type On = MouseEvent & { currentTarget: HTMLElement };

export function Parallel({ sweep, brushes, shown, chosen, picked }: Props) {
  const scheme = theme.value;
  const back = useMemo(() => ({ canvas: null as OffscreenCanvas | null, width: 0 }), [sweep, shown, scheme]);
  const sides = useMemo(() => measured(sweep), [sweep]);
  const lines = useCallback(
    (context: CanvasRenderingContext2D, width: number, height: number) => {
      if (brushes.size > 0) drawBack(context, back, width, height, sides, sweep, shown);
      drawLines(context, width, height, sides, sweep, chosen, null);
      drawAxes(context, width, height, sides, sweep, brushes);
    },
    [sweep, sides, shown, chosen, brushes, back],
  );
  const now = pointed.value >= 0 ? pointed.value : picked;
  const over = useCallback(
    (context: CanvasRenderingContext2D, width: number, height: number) =>
      drawOne(context, width, height, sides, sweep, now),
    [sweep, sides, now],
  );
  const hover = (event: On) => (pointed.value = lineUnder(event, sides, sweep, chosen));
  return (
    <div class="scroll">
      <div
        class="parallel"
        style={{ minWidth: `${sides.left + sides.right + (sweep.axes.length - 1) * LEAST_STEP}px` }}
      >
        <div class="names">
          {sweep.axes.map((axis, index) => (
            <AxisName key={axis.name} {...{ axis, index, sides, brushes }} count={sweep.axes.length} />
          ))}
        </div>
        <div class="layers" style={{ height: `${HEIGHT}px` }}>
          <Canvas draw={lines} label={words(sweep, chosen)} style={{ height: `${HEIGHT}px` }} />
          <Canvas
            draw={over}
            label="the trial under the pointer"
            aria-hidden="true"
            style={{ height: `${HEIGHT}px` }}
            class="over"
            data-chosen={chosen.reduce((sum, on) => sum + on, 0)}
            onPointerDown={(event) => press(event, sides, sweep, brushes)}
            onPointerMove={hover}
            onPointerLeave={() => (pointed.value = -1)}
            onClick={(event) => pick(sweep.trials[lineUnder(event, sides, sweep, chosen)]?.number)}
          />
        </div>
      </div>
    </div>
  );
}

/** The sides by the widest marks, as they will be drawn. */
function measured(sweep: Sweep): Sides {
  const context = new OffscreenCanvas(1, 1).getContext("2d");
  if (context) context.font = font();
  return sidesOf(sweep, (text) => context?.measureText(text).width ?? 0);
}

interface NameProps {
  axis: Axis;
  index: number;
  count: number;
  sides: Sides;
  brushes: Brushes;
}

/** Name of an axis, and its brush for the keyboard. */
function AxisName({ axis, index, count, sides, brushes }: NameProps) {
  const stretch = brushes.get(axis.name);
  const keys = (event: KeyboardEvent) => {
    const by = { ArrowUp: 0.05, ArrowDown: -0.05 }[event.key];
    if (by) keep(event.shiftKey ? nudged(brushes, axis.name, 0, by) : nudged(brushes, axis.name, by, 0));
    else if (event.key === "Delete" || event.key === "Backspace") keep(brushed(brushes, axis.name, 0, 0));
    else return;
    event.preventDefault();
  };
  // In shares of the width less the two sides: see axisX. The outer names begin and end a little outside of their axes
  const share = (at: number) => `(100% - ${sides.left + sides.right}px) * ${count < 2 ? 0 : at / (count - 1)}`;
  const [first, last] = [index === 0, index === count - 1];
  const left = first ? `${sides.left - OUTSIDE}px` : `calc(${sides.left + 5}px + ${share(index - 0.5)})`;
  const width = `calc(${share(first || last ? 0.5 : 1)} + ${first || last ? OUTSIDE - 5 : -10}px)`;
  return (
    <button
      type="button"
      class={`axis-name ${first ? "first" : last ? "last" : ""} ${stretch ? "on" : ""}`}
      style={{ left, width }}
      title={`${axis.name}\nDrag along the axis to select; ↑ ↓ move the lower end, with Shift the upper one, Delete clears`}
      aria-label={`${axis.name}: ${stretch ? span(axis, stretch) : "all"}`}
      onKeyDown={keys}
      onClick={() => stretch && keep(brushed(brushes, axis.name, 0, 0))}
    >
      <span class="cut ending">
        <bdi>{tail(axis.name)}</bdi>
      </span>
      {stretch ? <small>{span(axis, stretch)} ✕</small> : <small class="faint">{axis.log ? "log" : " "}</small>}
    </button>
  );
}

/** The last words of a dotted name tell the parameters of a sweep apart. */
export function tail(name: string): string {
  return name.split(".").slice(-2).join(".");
}

function span(axis: Axis, [low, high]: Stretch): string {
  if (axis.kind === "number") return `${short(valueAt(axis, low))} – ${short(valueAt(axis, high))}`;
  const last = Math.max(1, axis.choices.length - 1);
  return (
    axis.choices.filter((_, index) => index / last >= low - 1e-6 && index / last <= high + 1e-6).join(", ") || "none"
  );
}

function words(sweep: Sweep, chosen: Uint8Array): string {
  const many = chosen.reduce((sum, on) => sum + on, 0);
  return `Parallel coordinates of ${many} trials over ${sweep.axes.map((axis) => axis.name).join(", ")}`;
}

/** The trials that are not selected, drawn once for all brushes at this width. */
function drawBack(
  context: CanvasRenderingContext2D,
  back: { canvas: OffscreenCanvas | null; width: number },
  width: number,
  height: number,
  sides: Sides,
  sweep: Sweep,
  shown: Uint8Array,
): void {
  if (!back.canvas || back.width !== width) {
    const sharp = devicePixelRatio || 1;
    back.canvas = new OffscreenCanvas(Math.round(width * sharp), Math.round(height * sharp));
    back.width = width;
    const into = back.canvas.getContext("2d");
    into?.scale(sharp, sharp);
    if (into) drawLines(into, width, height, sides, sweep, shown, token("--faint"));
  }
  context.drawImage(back.canvas, 0, 0, width, height);
}

function drawOne(
  context: CanvasRenderingContext2D,
  width: number,
  height: number,
  sides: Sides,
  sweep: Sweep,
  trial: number,
): void {
  if (trial < 0) return;
  const columns = sweep.axes.map((axis) => sweep.places.get(axis.name) ?? new Float32Array());
  const xs = columns.map((_, index) => axisX(index, columns.length, width, sides));
  for (const [color, thick] of [
    [token("--surface"), 6],
    [token("--ink"), 2.5],
  ] as const) {
    context.strokeStyle = color;
    context.lineWidth = thick;
    context.beginPath();
    trace(context, trial, columns, xs, height);
    context.stroke();
  }
}

/** A drag along an axis is a brush; it is live, and kept when it ends. */
function press(
  event: PointerEvent & { currentTarget: HTMLElement },
  sides: Sides,
  sweep: Sweep,
  brushes: Brushes,
): void {
  const cell = event.currentTarget;
  const box = cell.getBoundingClientRect();
  const x = event.clientX - box.left;
  const index = sweep.axes.findIndex(
    (_, axis) => Math.abs(axisX(axis, sweep.axes.length, box.width, sides) - x) < GRIP,
  );
  const axis = sweep.axes[index];
  if (!axis || event.button !== 0) return;
  event.preventDefault();
  cell.setPointerCapture(event.pointerId);
  const from = shareOf(event.clientY - box.top, box.height);
  const at = (next: PointerEvent) => brushed(brushes, axis.name, from, shareOf(next.clientY - box.top, box.height));
  let frame = 0;
  const move = (next: PointerEvent) => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(() => (dragged.value = at(next)));
  };
  const end = (next: PointerEvent) => {
    cancelAnimationFrame(frame);
    cell.removeEventListener("pointermove", move);
    keep(at(next));
  };
  cell.addEventListener("pointermove", move);
  cell.addEventListener("pointerup", end, { once: true });
  cell.addEventListener("pointercancel", end, { once: true });
}

function lineUnder(event: On, sides: Sides, sweep: Sweep, chosen: Uint8Array): number {
  const box = event.currentTarget.getBoundingClientRect();
  const x = event.clientX - box.left;
  const count = sweep.axes.length;
  const right = sweep.axes.findIndex((_, index) => axisX(index, count, box.width, sides) > x);
  if (right < 1) return -1;
  const [from, to] = [axisX(right - 1, count, box.width, sides), axisX(right, count, box.width, sides)];
  const columns = [right - 1, right].map(
    (index) => sweep.places.get(sweep.axes[index]?.name ?? "") ?? new Float32Array(),
  );
  const reach = Math.abs(shareOf(0, box.height) - shareOf(8, box.height));
  const y = shareOf(event.clientY - box.top, box.height);
  return nearestLine(
    columns[0] as Float32Array,
    columns[1] as Float32Array,
    (x - from) / (to - from),
    y,
    reach,
    chosen,
  );
}
