import { expect, test } from "vitest";

import type { IdMap } from "../../src/pictures/ids";
import { outlines } from "../../src/pictures/outlines";

/** A square of label 1 with sides of 2 at (1, 1) in a picture of 4 x 4 of label 0. */
function square(): IdMap {
  const ids = new Uint8Array(16);
  for (const pixel of [5, 6, 9, 10]) ids[pixel] = 1;
  return { width: 4, height: 4, ids };
}

test("a square has four edges, each in one piece", () => {
  const edges = outlines(square(), new Set([1])).get(1) ?? [];
  const pieces = Array.from({ length: edges.length / 4 }, (_, k) => edges.slice(4 * k, 4 * k + 4).join(" "));
  expect(pieces.sort()).toEqual(["1 1 1 3", "1 1 3 1", "1 3 3 3", "3 1 3 3"]);
});

test("an edge belongs to both labels that meet at it", () => {
  const edges = outlines(square(), null);
  expect(edges.get(0)).toHaveLength(edges.get(1)?.length ?? 0);
});

test("the picture's own border is no edge, and ignored pixels have no outline of their own", () => {
  expect(outlines({ width: 3, height: 3, ids: new Uint8Array(9) }, null).size).toBe(0);
  expect([...outlines({ width: 2, height: 1, ids: Uint8Array.from([3, 255]) }, null).keys()]).toEqual([3]);
});
