/** How places on the horizontal axis are written: numbers, stretches of time, times of day. */
import type { XAxis } from "../data/curves";
import { clock, moment, number } from "../design/words";
import { labels } from "../plot/ticks";

const DAY = 86400;

/** A place by itself, to the second where it is a time of day. */
export function xWords(value: number, axis: XAxis): string {
  if (axis === "wall") return `${moment(value)}:${two(new Date(value * 1000).getSeconds())}`;
  return axis === "time" ? clock(value) : number(value);
}

/**
 * A place in a narrow column: of a time of day the clock, with month and day before it where the column spans more than a
 * day.
 */
export function shortWords(value: number, axis: XAxis, span: number): string {
  const text = xWords(value, axis);
  if (axis !== "wall") return text;
  return span < DAY ? text.slice(-8) : text.slice(5, 16);
}

/** Labels of an axis; `incr` is its step. Times of day have the date in a second line where it changes. */
export function axisWords(places: readonly number[], axis: XAxis, incr: number): string[] {
  if (axis === "wall") return wallWords(places, incr);
  return axis === "time" ? places.map(clock) : labels(places);
}

function wallWords(places: readonly number[], incr: number): string[] {
  let day = "";
  return places.map((place) => {
    const at = new Date(place * 1000);
    const date = moment(place).slice(0, 10);
    if (incr >= DAY) return date;
    const time = incr >= 60 ? moment(place).slice(-5) : `${moment(place).slice(-5)}:${seconds(at, incr)}`;
    const changed = date !== day;
    day = date;
    return changed ? `${time}\n${date}` : time;
  });
}

function seconds(at: Date, incr: number): string {
  if (incr >= 1) return two(at.getSeconds());
  return `${two(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, "0")}`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
