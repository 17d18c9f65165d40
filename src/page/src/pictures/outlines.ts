/** Outlines of the areas of a label map: the edges between pixels, so that they stay thin at every zoom. */

import { IGNORE } from "./ids";
import type { IdMap } from "./ids";

/** Straight edges, four numbers each: x0, y0, x1, y1 in pixels of the picture. */
export type Edges = number[];

/**
 * Edges of each label's areas.
 *
 * Neighbouring edges in one line are joined, which makes a few hundred lines of a picture, not tens of thousands. The picture's
 * own border is no edge. An edge between two labels belongs to both.
 *
 * @returns Edges by label id; ignored pixels have none of their own.
 */
export function outlines(map: IdMap, only: ReadonlySet<number> | null): Map<number, Edges> {
  const edges = new Map<number, Edges>();
  const { width, height, ids } = map;
  const at = (x: number, y: number): number => ids[y * width + x] ?? IGNORE;
  for (let y = 1; y < height; y++)
    trace(
      width,
      (x) => [at(x, y - 1), at(x, y)],
      (id, from, to) => add(id, from, y, to, y),
    );
  for (let x = 1; x < width; x++)
    trace(
      height,
      (y) => [at(x - 1, y), at(x, y)],
      (id, from, to) => add(id, x, from, x, to),
    );
  return edges;

  function add(id: number, x0: number, y0: number, x1: number, y1: number): void {
    if (id === IGNORE || (only !== null && !only.has(id))) return;
    const own = edges.get(id);
    if (own) own.push(x0, y0, x1, y1);
    else edges.set(id, [x0, y0, x1, y1]);
  }
}

/** Walks along one line of pixel borders and reports each stretch at which the same two labels meet. */
function trace(
  length: number,
  sides: (position: number) => [number, number],
  report: (id: number, from: number, to: number) => void,
): void {
  let from = 0;
  let before: [number, number] | null = null;
  for (let position = 0; position <= length; position++) {
    const now = position < length ? sides(position) : null;
    if (before && now && before[0] === now[0] && before[1] === now[1]) continue;
    if (before && before[0] !== before[1]) {
      report(before[0], from, position);
      report(before[1], from, position);
    }
    before = now;
    from = position;
  }
}
