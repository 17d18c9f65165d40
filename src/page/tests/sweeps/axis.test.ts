import { expect, test } from "vitest";

import { choiceAxis, marks, numberAxis, place, valueAt } from "../../src/sweeps/axis";
import { labels, short, ticks } from "../../src/plot/ticks";

test("a log axis spreads powers of ten evenly, and gives the value back", () => {
  const axis = numberAxis("lr", [1e-5, 1e-3, 1e-1], true);
  expect(place(axis, 1e-3)).toBeCloseTo(0.5);
  expect(valueAt(axis, place(axis, 0.02))).toBeCloseTo(0.02);
  expect(marks(axis).map((mark) => mark.text)).toEqual(["1e-5", "1e-4", "0.001", "0.01", "0.1"]);
});

test("an axis with a zero cannot be log, and says so by being linear", () => {
  expect(numberAxis("decay", [0, 0.1], true)).toMatchObject({ log: false, low: 0, high: 0.1 });
});

test("one value alone lies in the middle of its axis", () => {
  expect(place(numberAxis("seed", [7, 7], false), 7)).toBeCloseTo(0.5);
  expect(place(numberAxis("lr", [0.01], true), 0.01)).toBeCloseTo(0.5);
  expect(place(choiceAxis("arch", ["unet"]), "unet")).toBe(0.5);
  for (const word of ["NaN", "Infinity", "-Infinity"]) expect(place(numberAxis("lr", [1, 2], false), word)).toBeNaN();
});

test("choices keep the order of the sweep's file, and unknown ones have no place", () => {
  const axis = choiceAxis("arch", ["fpn", "unet", true], ["unet", "fpn"]);
  expect(axis.choices).toEqual(["unet", "fpn", "true"]);
  expect(place(axis, "fpn")).toBe(0.5);
  expect(place(axis, "segformer")).toBeNaN();
  expect(place(axis, null)).toBeNaN();
});

test("ticks are round, inside the axis and not crumbs of floating point", () => {
  expect(ticks(0.05, 0.42, false)).toEqual([0.1, 0.2, 0.3, 0.4]);
  expect(ticks(3, 3, false)).toEqual([3]);
  for (const [low, high] of [
    [0.011, 0.019],
    [1e-6, 1],
    [2, 90],
  ] as const) {
    const found = ticks(low, high, true);
    expect(found.length).toBeGreaterThan(1);
    expect(found.length).toBeLessThan(9);
    for (const value of found) expect(value >= low * 0.999 && value <= high * 1.001).toBe(true);
  }
});

test("numbers on axes are short", () => {
  expect([0, 0.00001, 0.001, 0.25, 1234, 25000, 3.2e6].map(short)).toEqual([
    "0",
    "1e-5",
    "0.001",
    "0.25",
    "1230",
    "25k",
    "3.2M",
  ]);
});

test("an axis has three marks at least where there is room for three", () => {
  for (const [low, high] of [
    [-0.49, 0.49],
    [-0.13, 0.08],
    [0.61, 0.64],
  ] as const) {
    expect(ticks(low, high, false, 4).length).toBeGreaterThanOrEqual(3);
  }
});

test("labels of an even axis have the digits of its step, so that no two read alike", () => {
  expect(labels([1, 1.005, 1.01, 1.015, 1.02])).toEqual(["1.000", "1.005", "1.010", "1.015", "1.020"]);
  expect(labels([0, 0.25, 0.5])).toEqual(["0.00", "0.25", "0.50"]);
  expect(labels([-0.1, 0, 0.1])).toEqual(["−0.1", "0.0", "0.1"]);
  expect(labels([0, 500, 1000, 1500])).toEqual(["0", "500", "1,000", "1,500"]);
  expect(labels([0, 5000, 10000])).toEqual(["0", "5k", "10k"]);
  expect(labels([100_000, 100_010, 100_020])).toEqual(["100,000", "100,010", "100,020"]);
  expect(labels([5e-5, 1e-4, 1.5e-4])).toEqual(["5e-5", "1.0e-4", "1.5e-4"]);
  expect(labels([18.99995, 19, 19.00005])).toEqual(["18.99995", "19.00000", "19.00005"]);
});

test("labels of a log axis are each as short as can be, and one alone is written at all", () => {
  expect(labels([1e-5, 1e-4, 1e-3, 0.01])).toEqual(["1e-5", "1e-4", "0.001", "0.01"]);
  expect(labels([1, 3, 10, 30])).toEqual(["1", "3", "10", "30"]);
  expect(labels([7])).toEqual(["7"]);
});

test("no axis of any range has two labels that read alike", () => {
  for (let power = -9; power <= 9; power++) {
    for (const [low, high] of [
      [1, 1.02],
      [1, 1.7],
      [-3, 8],
      [0, 5],
      [9.998, 10.003],
    ] as const) {
      const found = labels(ticks(low * 10 ** power, high * 10 ** power, false));
      expect(new Set(found).size, found.join(" ")).toBe(found.length);
    }
  }
});

test("the marks of a sweep's narrow axis are told apart", () => {
  expect(marks(numberAxis("value", [1.001, 1.019], false)).map((mark) => mark.text)).toEqual([
    "1.005",
    "1.010",
    "1.015",
  ]);
});

test("a log axis over less than two powers of ten has places between them", () => {
  expect(ticks(20, 450, true)).toEqual([20, 50, 100, 200]);
  expect(ticks(0.53, 1.07, true)).toEqual([0.7, 1]);
});
