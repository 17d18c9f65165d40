/** What lies between trials: a smoothed line through a slice, a smoothed field over two parameters. Both are averages, no model. */

/** Width of the averaging kernel, in shares of an axis. */
const WIDTH = 0.08;

/** Weight below which nothing is near enough to speak for a place: a trial at two widths' distance. */
const FAINT = 0.13;

/**
 * The kernel average of values along one axis.
 *
 * @param at - Places of the trials, 0 to 1.
 * @param steps - How many places to answer for, evenly from 0 to 1.
 * @returns One value per step, NaN where no trial is near.
 */
export function slice(at: Float32Array, values: Float64Array, steps: number): Float64Array {
  return averaged(at, null, values, steps, 1);
}

/**
 * The kernel average of values over two axes, row by row from the low end of `y`.
 *
 * @returns steps * steps values, NaN where no trial is near: a map must not invent what was not tried.
 */
export function field(x: Float32Array, y: Float32Array, values: Float64Array, steps: number): Float64Array {
  return averaged(x, y, values, steps, steps);
}

/** Trials are put on the grid first and the grid is smoothed, along and then up: ten thousand cost as much as ten. */
function averaged(
  x: Float32Array,
  y: Float32Array | null,
  values: Float64Array,
  columns: number,
  rows: number,
): Float64Array {
  let sums = new Float64Array(columns * rows);
  let weights = new Float64Array(columns * rows);
  for (let trial = 0; trial < values.length; trial++) {
    const value = values[trial] ?? NaN;
    const column = Math.round((x[trial] ?? NaN) * (columns - 1));
    const row = y ? Math.round((y[trial] ?? NaN) * (rows - 1)) : 0;
    if (Number.isNaN(value + column + row)) continue;
    const cell = row * columns + column;
    sums[cell] = (sums[cell] ?? 0) + value;
    weights[cell] = (weights[cell] ?? 0) + 1;
  }
  sums = blurred(sums, columns, rows, 1, columns);
  weights = blurred(weights, columns, rows, 1, columns);
  if (rows > 1) {
    sums = blurred(sums, rows, columns, columns, 1);
    weights = blurred(weights, rows, columns, columns, 1);
  }
  return sums.map((sum, cell) => ((weights[cell] ?? 0) >= FAINT ? sum / (weights[cell] ?? 1) : NaN));
}

/** Smooths each of `lines` lines of `length` cells, which lie `stride` apart within a line and `next` between lines. */
function blurred(
  from: Float64Array,
  length: number,
  lines: number,
  stride: number,
  next: number,
): Float64Array<ArrayBuffer> {
  const kernel = Float64Array.from({ length }, (_, k) => Math.exp(-((k / (length - 1)) ** 2) / (2 * WIDTH * WIDTH)));
  const into = new Float64Array(from.length);
  for (let line = 0; line < lines; line++) {
    for (let source = 0; source < length; source++) {
      const amount = from[line * next + source * stride] ?? 0;
      if (amount === 0) continue;
      for (let cell = 0; cell < length; cell++) {
        const at = line * next + cell * stride;
        into[at] = (into[at] ?? 0) + amount * (kernel[Math.abs(cell - source)] ?? 0);
      }
    }
  }
  return into;
}

/**
 * Straight pieces of the line where a field has one value, four numbers each in shares of the axes (marching squares).
 *
 * What lies at that height but for rounding counts as above it: a level ground must not be drawn as hills.
 */
export function level(values: Float64Array, steps: number, height: number): number[] {
  const ground = height - 1e-9 * Math.abs(height);
  const lines: number[] = [];
  const value = (column: number, row: number): number => values[row * steps + column] ?? NaN;
  for (let row = 0; row + 1 < steps; row++) {
    for (let column = 0; column + 1 < steps; column++) {
      const corners = [value(column, row), value(column + 1, row), value(column + 1, row + 1), value(column, row + 1)];
      if (corners.some(Number.isNaN)) continue;
      lines.push(...crossed(corners, ground).map((share, k) => (share + (k % 2 ? row : column)) / (steps - 1)));
    }
  }
  return lines;
}

const CORNERS = [
  [0, 0],
  [1, 0],
  [1, 1],
  [0, 1],
] as const;

/** Places inside one cell, x and y from 0 to 1, where the line enters and leaves it; two pairs of them at a saddle. */
function crossed(corners: number[], height: number): number[] {
  const places: number[] = [];
  CORNERS.forEach(([x, y], edge) => {
    const next = (edge + 1) % 4;
    const [from, to] = [corners[edge] ?? NaN, corners[next] ?? NaN];
    if (from < height === to < height) return;
    const share = (height - from) / (to - from);
    const [endX, endY] = CORNERS[next] ?? [x, y];
    places.push(x + share * (endX - x), y + share * (endY - y));
  });
  return places;
}
