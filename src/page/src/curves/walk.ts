/** Curves from the keyboard: from point to point, from line to line. */
import { nearest, type Range } from "./extent";
import type { Line } from "./bands";

/** What keys walk over: the points of these lines that lie within sight. */
export interface Walk {
  lines: readonly Line[];
  range: Range;
}

/** Shares of what is in sight that a page is. */
const PAGE = 0.1;

/** Where a key leads on x; null for keys that lead nowhere. From nowhere the way begins at the end that is walked from. */
export function stepped(key: string, at: number | null, { lines, range }: Walk): number | null {
  const forward = key === "ArrowRight" || key === "PageDown" || key === "Home";
  const pages = (range.high - range.low) * PAGE;
  if (key === "ArrowRight" || key === "ArrowLeft") {
    return next(lines, range, at ?? (forward ? -Infinity : Infinity), forward);
  }
  if (key === "PageDown" || key === "PageUp") {
    const from = (at ?? (forward ? range.low : range.high)) + (forward ? pages : -pages);
    // A point lies in the page, or the next one beyond it is taken
    return next(lines, range, from, forward, true) ?? next(lines, range, from, !forward, true);
  }
  if (key === "Home" || key === "End") return next(lines, range, forward ? -Infinity : Infinity, forward);
  return null;
}

/** The nearest point beyond a place among all lines; `here` counts a point at the place itself. */
function next(lines: readonly Line[], { low, high }: Range, at: number, forward: boolean, here = false): number | null {
  let best: number | null = null;
  for (const { x } of lines) {
    let place = nearest(x, Math.min(high, Math.max(low, at)));
    if (place < 0) continue;
    const passes = (value: number): boolean => {
      if (value < low || value > high) return false;
      return here && value === at ? true : forward ? value > at : value < at;
    };
    // From before the place onward, as the nearest may lie on either side and x may repeat
    const way = forward ? 1 : -1;
    while (place - way >= 0 && place - way < x.length && passes(x[place - way] as number)) place -= way;
    while (place >= 0 && place < x.length && !passes(x[place] as number)) place += way;
    const found = x[place];
    if (found !== undefined && (best === null || (forward ? found < best : found > best))) best = found;
  }
  return best;
}

/** The line that is marked next, or the one before; null past either end, where none is. */
export function lineAfter(ids: readonly string[], marked: string | null, way: 1 | -1): string | null {
  const at = marked === null ? -1 : ids.indexOf(marked);
  if (at < 0) return (way > 0 ? ids[0] : ids[ids.length - 1]) ?? null;
  return ids[at + way] ?? null;
}
