/** A straight scale from values to pixels, with room at both ends. */
import { digitsOf, ticks } from "../plot/ticks";

export interface Scale {
  at: (value: number) => number;
  ticks: number[];
  /** Decimals of the ticks' labels, which so differ; as points of a hundred, or by another factor. */
  digits: (factor?: number) => number;
}

/**
 * A scale over values.
 *
 * @param zero - Whether 0 is on it: for differences.
 */
export function scaleOf(values: number[], from: number, to: number, zero: boolean): Scale {
  const finite = values.filter(Number.isFinite);
  let low = Math.min(...finite, ...(zero ? [0] : []));
  let high = Math.max(...finite, ...(zero ? [0] : []));
  if (!(low <= high)) [low, high] = [0, 1];
  const room = (high - low || 0.02) * 0.06;
  low -= room;
  high += room;
  const at = (value: number) => from + ((value - low) / (high - low)) * (to - from);
  const found = ticks(low, high, false, Math.max(2, Math.floor(Math.abs(to - from) / (from < to ? 70 : 34))));
  return { at, ticks: found, digits: (factor = 100) => digitsOf(found.map((value) => value * factor)) };
}

/** Below this width of a panel an interval has a line of its own, under its run's name; numbers.css has it, too. */
const NARROW = 560;

/** The width of the drawn intervals, of that of the panel's content. */
export function drawingRoom(width: number): number {
  return width < NARROW ? Math.max(180, width - 20) : Math.max(180, Math.min(width * 0.42, 520));
}
