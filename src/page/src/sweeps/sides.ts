/** Where the axes of parallel coordinates stand, and how much room their marks have. */
import { marks, type Axis } from "./axis";
import type { Sweep } from "./model";

/** Room for the marks of the first axis, to its left, and of the last one, to its right. */
export interface Sides {
  left: number;
  right: number;
}

const LEAST_SIDE = 46;
const MOST_SIDE = 150;
/** From an axis to its marks, and from these to what is beside them. */
export const GAP = 7;

/** The sides of a sweep's plot, by its widest marks. */
export function sidesOf(sweep: Sweep, measure: (text: string) => number): Sides {
  const room = (axis: Axis | undefined): number => {
    const widest = axis ? Math.max(0, ...marks(axis).map(({ text }) => measure(text))) : 0;
    return Math.ceil(Math.min(MOST_SIDE, Math.max(LEAST_SIDE, widest + 2 * GAP)));
  };
  return { left: room(sweep.axes[0]), right: room(sweep.axes.at(-1)) };
}

/** Where axis number `index` of `count` stands. */
export function axisX(index: number, count: number, width: number, { left, right }: Sides): number {
  return left + (count < 2 ? 0 : (index / (count - 1)) * (width - left - right));
}

/** As much of a text's end as there is room for: what tells names apart stands at their ends. */
export function ending(text: string, room: number, measure: (text: string) => number): string {
  if (measure(text) <= room) return text;
  let from = 1;
  while (from < text.length - 1 && measure(`…${text.slice(from)}`) > room) from++;
  return `…${text.slice(from)}`;
}
