/** What lies between trials: a smoothed line through a slice, a smoothed field over two parameters. Both are averages, no model. */

/** Width of the averaging kernel, in shares of an axis. */
const WIDTH = 0.09;

/** Weight below which nothing is near enough to speak for a place. */
const FAINT = 0.15;

/**
 * The kernel average of values along one axis.
 *
 * @param at - Places of the trials, 0 to 1.
 * @param steps - How many places to answer for, evenly from 0 to 1.
 * @returns One value per step, NaN where no trial is near.
 */
export function slice(at: Float32Array, values: Float32Array, steps: number): Float32Array {
  return averaged(steps, values, (step, trial) => ((at[trial] ?? NaN) - step / (steps - 1)) ** 2);
}

/**
 * The kernel average of values over two axes, row by row from the low end of `y`.
 *
 * @returns steps * steps values, NaN where no trial is near: a map must not invent what was not tried.
 */
export function field(x: Float32Array, y: Float32Array, values: Float32Array, steps: number): Float32Array {
  return averaged(steps * steps, values, (cell, trial) => {
    const across = (x[trial] ?? NaN) - (cell % steps) / (steps - 1);
    const up = (y[trial] ?? NaN) - Math.floor(cell / steps) / (steps - 1);
    return across * across + up * up;
  });
}

function averaged(
  places: number,
  values: Float32Array,
  distance: (place: number, trial: number) => number,
): Float32Array {
  const found = new Float32Array(places);
  for (let here = 0; here < places; here++) {
    let weights = 0;
    let sum = 0;
    for (let trial = 0; trial < values.length; trial++) {
      const value = values[trial] ?? NaN;
      const weight = Math.exp(-distance(here, trial) / (2 * WIDTH * WIDTH));
      if (Number.isNaN(value) || !(weight > 1e-4)) continue;
      weights += weight;
      sum += weight * value;
    }
    found[here] = weights >= FAINT ? sum / weights : NaN;
  }
  return found;
}

/** Straight pieces of the line where a field has one value, four numbers each in shares of the axes (marching squares). */
export function level(values: Float32Array, steps: number, height: number): number[] {
  const lines: number[] = [];
  const value = (column: number, row: number): number => values[row * steps + column] ?? NaN;
  for (let row = 0; row + 1 < steps; row++) {
    for (let column = 0; column + 1 < steps; column++) {
      const corners = [value(column, row), value(column + 1, row), value(column + 1, row + 1), value(column, row + 1)];
      if (corners.some(Number.isNaN)) continue;
      lines.push(...crossed(corners, height).map((share, k) => (share + (k % 2 ? row : column)) / (steps - 1)));
    }
  }
  return lines;
}

/** Places inside one cell, x and y from 0 to 1, where the line enters and leaves it; two pairs of them at a saddle. */
function crossed(corners: number[], height: number): number[] {
  const places: number[] = [];
  const ends = [
    [0, 0],
    [1, 0],
    [1, 1],
    [0, 1],
  ];
  for (let edge = 0; edge < 4; edge++) {
    const next = (edge + 1) % 4;
    const [from, to] = [corners[edge] ?? NaN, corners[next] ?? NaN];
    if (from < height === to < height) continue;
    const share = (height - from) / (to - from);
    const [start, end] = [ends[edge] ?? [], ends[next] ?? []];
    for (const k of [0, 1]) places.push((start[k] ?? 0) + share * ((end[k] ?? 0) - (start[k] ?? 0)));
  }
  return places;
}
