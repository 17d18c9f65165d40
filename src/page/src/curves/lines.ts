/** What one chart draws: for each run or group a line, perhaps the raw one behind it, perhaps a band. */
import { runColor, runDash } from "../design/colors";
import { fullNameOf } from "../data/runs";
import type { Curve } from "../data/curves";
import { bandOver, type Band, type RunGroup, type Spread } from "./bands";
import { smoothed } from "./smooth";

export interface Drawn {
  /** The run whose colour it has; of a group the first. */
  id: string;
  name: string;
  color: string;
  dash: number[];
  x: ArrayLike<number>;
  y: ArrayLike<number>;
  raw: ArrayLike<number> | null;
  band: Band | null;
  /** Runs in it. */
  many: number;
}

export interface Range {
  low: number;
  high: number;
}

export function extent(lists: Iterable<ArrayLike<number>>, positive = false): Range | null {
  let low = Infinity;
  let high = -Infinity;
  for (const list of lists) {
    for (let i = 0; i < list.length; i++) {
      const value = list[i] as number;
      if (!Number.isFinite(value) || (positive && value <= 0)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return low <= high ? { low, high } : null;
}

export function drawn(
  curves: readonly Curve[],
  smoothing: number,
  groups: readonly RunGroup[] | null,
  spread: Spread,
): Drawn[] {
  const full = extent(curves.map(({ x }) => x));
  const range = full ? full.high - full.low : 0;
  const lines = curves
    .filter(({ x }) => x.length > 0)
    .map(({ run, x, y }) => ({ run, x, raw: y, y: smoothing > 0 ? smoothed(x, y, smoothing, range) : y }));
  if (groups === null) {
    return lines.map(({ run, x, y, raw }) => ({
      ...{ id: run, name: fullNameOf(run), color: runColor(run), dash: runDash(run) },
      ...{ x, y, raw: smoothing > 0 ? raw : null, band: null, many: 1 },
    }));
  }
  return groups.flatMap(({ name, ids }) => {
    const members = lines.filter(({ run }) => ids.includes(run));
    const id = ids[0];
    if (members.length === 0 || id === undefined) return [];
    const band = bandOver(members, spread);
    const look = { id, name, color: runColor(id), dash: runDash(id) };
    return [
      { ...look, x: band.x, y: band.mean, raw: null, band: members.length > 1 ? band : null, many: members.length },
    ];
  });
}

/** The place in sorted x that is nearest to a value; -1 for none. */
export function nearest(x: ArrayLike<number>, at: number): number {
  let low = 0;
  let high = x.length - 1;
  if (high < 0) return -1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((x[middle] as number) < at) low = middle;
    else high = middle;
  }
  return Math.abs((x[low] as number) - at) <= Math.abs((x[high] as number) - at) ? low : high;
}
