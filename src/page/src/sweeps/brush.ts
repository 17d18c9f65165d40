/** Brushes: the stretches of axes that trials must lie in to stay selected. */

/** A stretch of an axis, 0 to 1, low end first. */
export type Stretch = [number, number];

/** Stretches by the axis's name; a trial must lie in each. */
export type Brushes = ReadonlyMap<string, Stretch>;

/** A click without a drag takes the brush away rather than selecting one pixel. */
const LEAST = 0.01;

/**
 * The brushes after a drag along one axis from one place to another.
 *
 * A drag too short to be meant clears the axis.
 */
export function brushed(brushes: Brushes, axis: string, from: number, to: number): Brushes {
  const next = new Map(brushes);
  const stretch: Stretch = [Math.max(0, Math.min(from, to)), Math.min(1, Math.max(from, to))];
  if (stretch[1] - stretch[0] < LEAST) next.delete(axis);
  else next.set(axis, stretch);
  return next;
}

/** A brush moved or grown by the keyboard; one that reaches over the whole axis is none. */
export function nudged(brushes: Brushes, axis: string, low: number, high: number): Brushes {
  const [from, to] = brushes.get(axis) ?? [0, 1];
  const next = new Map(brushes);
  const stretch: Stretch = [Math.max(0, Math.min(from + low, 0.98)), Math.min(1, Math.max(to + high, 0.02))];
  if (stretch[1] - stretch[0] < LEAST) return brushes;
  if (stretch[0] === 0 && stretch[1] === 1) next.delete(axis);
  else next.set(axis, stretch);
  return next;
}

/**
 * Which trials are selected.
 *
 * @param columns - Places per axis, one per trial, NaN where a trial has none: such a trial is out of any brush of that axis.
 * @returns One byte per trial, 1 if selected.
 */
export function selected(columns: ReadonlyMap<string, Float32Array>, trials: number, brushes: Brushes): Uint8Array {
  const inside = new Uint8Array(trials).fill(1);
  for (const [axis, [low, high]] of brushes) {
    const places = columns.get(axis);
    if (!places) continue;
    for (let trial = 0; trial < trials; trial++) {
      const at = places[trial] ?? NaN;
      // Rounding must not lose a choice that lies on the edge of the stretch
      if (!(at >= low - 1e-6 && at <= high + 1e-6)) inside[trial] = 0;
    }
  }
  return inside;
}

/** Brushes as a word of the address, `lr:0.1-0.4;encoder:0-0.5`. */
export function written(brushes: Brushes): string {
  return [...brushes]
    .map(([axis, [low, high]]) => `${encodeURIComponent(axis)}:${round(low)}-${round(high)}`)
    .join(";");
}

/** Brushes from the address; what is not one is passed over. */
export function read(word: string): Brushes {
  const found = new Map<string, Stretch>();
  for (const part of word.split(";")) {
    const [, axis, low, high] = /^([^:]+):([\d.]+)-([\d.]+)$/.exec(part) ?? [];
    if (axis === undefined) continue;
    const stretch: Stretch = [Number(low), Number(high)];
    if (stretch[0] < stretch[1]) found.set(decodeURIComponent(axis), stretch);
  }
  return found;
}

function round(share: number): string {
  return String(Math.round(share * 1000) / 1000);
}
