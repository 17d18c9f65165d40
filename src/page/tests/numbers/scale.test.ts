import { expect, test } from "vitest";

import { scaleOf } from "../../src/numbers/scale";
import { signed } from "../../src/numbers/shade";

test("a scale of differences has zero on it, and all values inside", () => {
  const scale = scaleOf([0.02, 0.05], 10, 410, true);
  expect(scale.at(0)).toBeGreaterThan(10);
  expect(scale.at(0.05)).toBeLessThan(410);
  expect(scale.at(0.02)).toBeLessThan(scale.at(0.05));
});

test("a scale upwards turns, and one of nothing still stands", () => {
  const up = scaleOf([-1, 1], 100, 0, false);
  expect(up.at(1)).toBeLessThan(up.at(-1));
  expect(Number.isFinite(scaleOf([], 0, 100, false).at(0.5))).toBe(true);
  expect(Number.isFinite(scaleOf([0.7, 0.7], 0, 100, false).at(0.7))).toBe(true);
});

test("the labels of a narrow scale differ from each other, and so do those of an empty one", () => {
  for (const values of [[0.0001, 0.0004], [], [-0.3, 0.2]]) {
    const scale = scaleOf(values, 0, 400, true);
    const texts = scale.ticks.map((value) => signed(value, scale.digits()));
    expect(new Set(texts).size, texts.join(" ")).toBe(texts.length);
  }
});
