import { expect, test } from "vitest";

import { brushed, nudged, read, selected, written } from "../../src/sweeps/brush";

const COLUMNS = new Map([
  ["lr", Float32Array.from([0, 0.3, 0.6, 1])],
  ["arch", Float32Array.from([0, 1, NaN, 1])],
]);

test("a trial stays selected if it lies in every brush; one without a value is out of that axis's brush", () => {
  const brushes = brushed(brushed(new Map(), "lr", 0.8, 0.2), "arch", 0.5, 1);
  expect([...selected(COLUMNS, 4, brushes)]).toEqual([0, 1, 0, 0]);
  expect([...selected(COLUMNS, 4, new Map())]).toEqual([1, 1, 1, 1]);
});

test("a click without a drag takes the brush away", () => {
  const brushes = brushed(new Map(), "lr", 0.1, 0.5);
  expect(brushed(brushes, "lr", 0.3, 0.302).size).toBe(0);
});

test("a drag past the axis is held at its end", () => {
  expect(brushed(new Map(), "lr", 0.4, -3).get("lr")).toEqual([0, 0.4]);
});

test("the keyboard grows a brush until it is the whole axis and so none", () => {
  const some = nudged(new Map(), "lr", 0.05, 0);
  expect(some.get("lr")).toEqual([0.05, 1]);
  expect(nudged(some, "lr", -0.05, 0).size).toBe(0);
});

test("brushes come back from the address, whatever the axis is called; what is none is passed over", () => {
  const brushes = brushed(brushed(new Map(), "a:b;c", 0.25, 0.5), "lr", 0, 0.125);
  expect(read(written(brushes))).toEqual(brushes);
  expect(read("lr:0.9-0.1;nonsense;x:0-0.5")).toEqual(new Map([["x", [0, 0.5]]]));
});
