/** An axis of one parameter or result: where a value lies on it, from 0 to 1. */

import { labels, ticks } from "../plot/ticks";

export type Value = number | string | boolean | null;

export interface Axis {
  name: string;
  kind: "number" | "choice";
  log: boolean;
  low: number;
  high: number;
  /** Of a choice axis, its words from bottom to top. */
  choices: string[];
}

/** Whether two values are one but for rounding. */
export function alike(a: number, b: number): boolean {
  return Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b));
}

/** An axis over numbers, log only where all are positive; one value alone gets room on both sides. */
export function numberAxis(name: string, values: Iterable<number>, log: boolean): Axis {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low > high) [low, high] = [0, 1];
  const asLog = log && low > 0;
  if (alike(low, high))
    [low, high] = asLog ? [low / 2, high * 2] : [low - (Math.abs(low) || 1) / 2, high + (Math.abs(high) || 1) / 2];
  return { name, kind: "number", log: asLog, low, high, choices: [] };
}

/** An axis over words; those of the sweep's file in its order, others that occur after them. */
export function choiceAxis(name: string, values: Iterable<Value>, declared: Value[] = []): Axis {
  const choices = [
    ...new Set([...declared, ...values].filter((value) => value !== null && value !== undefined).map(String)),
  ];
  return { name, kind: "choice", log: false, low: 0, high: Math.max(1, choices.length - 1), choices };
}

/** Where a value lies, 0 at the low end; NaN for none. A single choice lies in the middle. */
export function place(axis: Axis, value: Value | undefined): number {
  if (value === null || value === undefined) return NaN;
  if (axis.kind === "choice") {
    const index = axis.choices.indexOf(String(value));
    if (index < 0) return NaN;
    return axis.choices.length < 2 ? 0.5 : index / (axis.choices.length - 1);
  }
  const number = Number(value);
  if (!Number.isFinite(number)) return NaN;
  if (axis.log) return number > 0 ? Math.log(number / axis.low) / Math.log(axis.high / axis.low) : NaN;
  return (number - axis.low) / (axis.high - axis.low);
}

/** The number at a place of a number axis. */
export function valueAt(axis: Axis, share: number): number {
  return axis.log ? axis.low * (axis.high / axis.low) ** share : axis.low + (axis.high - axis.low) * share;
}

/** Labels of an axis and their places. */
export function marks(axis: Axis, count = 5): { text: string; at: number }[] {
  if (axis.kind === "choice") return axis.choices.map((text) => ({ text, at: place(axis, text) }));
  const places = ticks(axis.low, axis.high, axis.log, count);
  const texts = labels(places);
  return places.map((value, index) => ({ text: texts[index] ?? "", at: place(axis, value) }));
}
