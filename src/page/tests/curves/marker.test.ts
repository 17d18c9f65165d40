import { expect, test } from "vitest";
import { outline, SHAPES } from "../../src/curves/marker";

test("each shape is another one, around its place and about as large as it should be", () => {
  const drawn = SHAPES.slice(1).map((shape) => outline(shape, 8));
  expect(new Set(drawn.map((points) => points.join(" "))).size).toBe(SHAPES.length - 1);
  for (const points of drawn) {
    for (const [right, down] of points) expect(Math.max(Math.abs(right), Math.abs(down))).toBeLessThanOrEqual(5);
    expect(Math.min(...points.map(([, down]) => down))).toBeLessThan(0);
    expect(Math.max(...points.map(([, down]) => down))).toBeGreaterThan(0);
  }
});
