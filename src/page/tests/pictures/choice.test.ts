import { expect, test } from "vitest";

import { at, stepsOf } from "../../src/pictures/answer";
import type { Logged } from "../../src/pictures/answer";
import { pairOf } from "../../src/pictures/pair";

function logged(...steps: number[]): Logged[] {
  return steps.map((step) => ({ step, image: `${step}.png`, width: 8, height: 8, masks: {} }));
}

test("a run shows its latest picture up to the step, and before its first one the first", () => {
  const cells = logged(10, 20, 40);
  expect([5, 10, 39, 100].map((step) => at(cells, step)?.step)).toEqual([10, 10, 20, 40]);
  expect(at(undefined, 10)).toBeNull();
});

test("the slider has the steps of all runs once, ascending", () => {
  expect(stepsOf([{ name: "x", cells: { a: logged(10, 30), b: logged(20, 30) } }])).toEqual([10, 20, 30]);
});

test("the two compared are those of the address, else the first two selected, and never one run twice", () => {
  const ids = ["a", "b", "c"];
  expect(pairOf(ids, "", "")).toEqual(["a", "b"]);
  expect(pairOf(ids, "c", "")).toEqual(["c", "a"]);
  expect(pairOf(ids, "", "a")).toEqual(["b", "a"]);
  expect(pairOf(ids, "b", "b")).toEqual(["b", "a"]);
  expect(pairOf(ids, "gone", "c")).toEqual(["a", "c"]);
  expect(pairOf(["a"], "", "")).toBeNull();
});
