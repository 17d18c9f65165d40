import { expect, test } from "vitest";

import { held, panned, seen, WHOLE, zoomedAt } from "../../src/pictures/lens";

test("the point under the pointer stays under it while zooming", () => {
  const place = (lens: ReturnType<typeof held>, u: number): number => lens.x + (u - 0.5) / lens.zoom;
  const near = zoomedAt(zoomedAt(WHOLE, 4, 0.5, 0.5), 2, 0.3, 0.8);
  expect(place(near, 0.3)).toBeCloseTo(place(zoomedAt(WHOLE, 4, 0.5, 0.5), 0.3));
  expect(near.zoom).toBe(8);
});

test("the lens does not leave the picture", () => {
  expect(panned(zoomedAt(WHOLE, 2, 0.5, 0.5), 5, -5)).toEqual({ zoom: 2, x: 0.25, y: 0.75 });
  expect(zoomedAt(WHOLE, 0.1, 0, 0)).toEqual(WHOLE);
});

test("the seen part is told in the picture's own pixels", () => {
  expect(seen({ zoom: 2, x: 0.5, y: 0.25 }, 160, 80)).toEqual({ x: 40, y: 0, width: 80, height: 40 });
});
