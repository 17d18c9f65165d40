import { expect, test } from "vitest";

import { paintLabels, paintVerdict, wheel } from "../../src/pictures/paint";
import { MISSED, RIGHT } from "../../src/pictures/verdict";

const SKIN = { id: 1, name: "skin", color: "#ffc8a0" };

test("a label shows in its colour; ignored pixels and those filtered out stay clear", () => {
  const map = { width: 2, height: 1, ids: Uint8Array.from([1, 255]) };
  expect([...paintLabels(map, [SKIN], null)]).toEqual([255, 200, 160, 255, 0, 0, 0, 0]);
  expect(paintLabels(map, [SKIN], new Set([2])).every((channel) => channel === 0)).toBe(true);
});

test("what is right stays clear in the error map", () => {
  const rgba = paintVerdict(Uint8Array.from([RIGHT, MISSED]));
  expect(rgba[3]).toBe(0);
  expect(rgba[7]).toBe(255);
});

test("ids of no label have colours of their own, so that a mask without names still shows", () => {
  const colors = [0, 1, 2, 3, 4, 5].map(wheel);
  for (const color of colors) expect(color).toMatch(/^#[0-9a-f]{6}$/);
  expect(new Set(colors).size).toBe(colors.length);
});
