/** Ends of and places in lists of numbers. */

import { ticks } from "../plot/ticks";

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

/** Part of an axis that may be added so that it ends at a tick. */
const TO_TICK = 0.02;

/** A range whose end is moved on to a round number that is close: steps count from 0, so 350 of them end at 349. */
export function toTick({ low, high }: Range): Range {
  if (!(low < high)) return { low, high };
  for (const many of [3, 5, 8]) {
    const [first, second] = ticks(low, high, false, many);
    if (first === undefined || second === undefined) continue;
    const next = Number((Math.ceil(high / (second - first) - 1e-9) * (second - first)).toPrecision(12));
    if (next - high <= TO_TICK * (high - low)) return { low, high: Math.max(high, next) };
  }
  return { low, high };
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
