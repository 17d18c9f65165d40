import { expect, test } from "vitest";

import { nearestLine, nearestPoint } from "../../src/plot/nearest";
import { front } from "../../src/sweeps/pareto";
import { ramp, rampRgb } from "../../src/plot/ramp";
import { alike } from "../../src/sweeps/axis";
import { field, level, slice } from "../../src/sweeps/smooth";

test("the front holds what nothing beats in value and cost, cheapest first", () => {
  const cost = Float64Array.from([5, 1, 3, 2, 4, NaN]);
  const value = Float64Array.from([0.9, 0.5, 0.8, 0.4, 0.8, 1]);
  expect(front(cost, value, true)).toEqual([1, 2, 0]);
  expect(front(cost, value, false)).toEqual([1, 3]);
});

test("a slice follows the values and says nothing where nothing was tried", () => {
  const line = slice(Float32Array.from([0, 0.1, 0.2]), Float64Array.from([1, 2, 3]), 11);
  expect(line[0]).toBeLessThan(line[2] ?? 0);
  expect(line[10]).toBeNaN();
});

test("a field lies between the values around it", () => {
  const map = field(Float32Array.from([0, 1]), Float32Array.from([0, 1]), Float64Array.from([10, 20]), 5);
  expect(map[0]).toBeCloseTo(10);
  expect(map[24]).toBeCloseTo(20);
  expect(map[4]).toBeNaN();
});

test("a level line of a plane is straight and at its height", () => {
  const steps = 5;
  const plane = Float64Array.from({ length: 25 }, (_, cell) => cell % steps);
  const line = level(plane, steps, 1.5);
  expect(line.length / 4).toBe(steps - 1);
  for (let end = 0; end < line.length; end += 2) expect(line[end]).toBeCloseTo(1.5 / 4);
});

test("level ground is level: averages of one value are that value, and no line is drawn at its height", () => {
  const places = Float32Array.from({ length: 60 }, (_, trial) => ((trial * 37) % 60) / 59);
  const values = new Float64Array(60).fill(0.1);
  const map = field(places, places.slice().reverse(), values, 12);
  for (const value of map) if (!Number.isNaN(value)) expect(alike(value, 0.1)).toBe(true);
  expect(level(map, 12, 0.1)).toEqual([]);
});

test("the ramp grows lighter all the way, and no value is grey", () => {
  const light = [0, 0.2, 0.4, 0.6, 0.8, 1].map((share) => {
    const [red, green, blue] = rampRgb(share);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  });
  expect(light).toEqual([...light].sort((a, b) => a - b));
  expect(ramp(NaN)).toBe("rgb(140 140 140)");
});

test("the nearest point and line are found within reach only", () => {
  expect(nearestPoint(Float32Array.from([0, 10]), Float32Array.from([0, 0]), 8, 1, 5)).toBe(1);
  expect(nearestPoint(Float32Array.from([0, 10]), Float32Array.from([0, 0]), 5, 9, 5)).toBe(-1);
  const left = Float32Array.from([0, 1, NaN]);
  const right = Float32Array.from([1, 0, 0.5]);
  expect(nearestLine(left, right, 0.25, 0.3, 0.1, Uint8Array.from([1, 1, 1]))).toBe(0);
  expect(nearestLine(left, right, 0.25, 0.3, 0.1, Uint8Array.from([0, 1, 1]))).toBe(-1);
});
