import { expect, test } from "vitest";

import { idsOf, present, rgb } from "../../src/pictures/ids";
import type { Label } from "../../src/pictures/ids";

const LABELS: Label[] = [
  { id: 0, name: "background", color: "#000000" },
  { id: 1, name: "skin", color: "#ffc8a0" },
];

function rgba(...colors: [number, number, number][]): Uint8ClampedArray {
  return new Uint8ClampedArray(colors.flatMap((color) => [...color, 255]));
}

test("each of the 256 grey values is the id that it says", () => {
  const greys = Array.from({ length: 256 }, (_, value): [number, number, number] => [value, value, value]);
  expect([...idsOf(rgba(...greys), 16, 16, LABELS).ids]).toEqual([...Array(256).keys()]);
});

test("a mask in the labels' colours becomes ids; a colour that is no label's is ignored and not rounded to one", () => {
  const mask = rgba([255, 200, 160], [0, 0, 0], [255, 200, 161]);
  expect([...idsOf(mask, 3, 1, LABELS).ids]).toEqual([1, 0, 255]);
});

test("the ids that occur are listed once, ascending, without the ignored one", () => {
  const map = idsOf(rgba([7, 7, 7], [255, 255, 255], [2, 2, 2], [7, 7, 7]), 2, 2, LABELS);
  expect(present(map)).toEqual([2, 7]);
});

test("what is no colour is grey, so a broken label set still shows", () => {
  expect(rgb("#12aBff")).toEqual([18, 171, 255]);
  expect(rgb("url(x)")).toEqual([128, 128, 128]);
});
