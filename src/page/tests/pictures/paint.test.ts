import { expect, test } from "vitest";

import { namedLabels, paintLabels, paintVerdict } from "../../src/pictures/paint";
import { MISSED, RIGHT } from "../../src/pictures/verdict";

const SKIN = { id: 1, name: "skin", color: "#ffc8a0" };

test("a label shows in its colour; others and those filtered out stay clear", () => {
  const map = { width: 3, height: 1, ids: Uint8Array.from([1, 0, 255]) };
  expect([...paintLabels(map, [SKIN], null)]).toEqual([255, 200, 160, 255, 0, 0, 0, 0, 0, 0, 0, 0]);
  expect(paintLabels(map, [SKIN], new Set([2])).every((channel) => channel === 0)).toBe(true);
});

test("what is right stays clear in the error map", () => {
  const rgba = paintVerdict(Uint8Array.from([RIGHT, MISSED]));
  expect(rgba[3]).toBe(0);
  expect(rgba[7]).toBe(255);
});

test("ids without a label get a name and a colour of their own", () => {
  const named = namedLabels([SKIN], [0, 1, 4, 255]);
  expect(named.map((label) => label.name)).toEqual(["label 0", "skin", "label 4"]);
  expect(new Set(named.map((label) => label.color)).size).toBe(3);
  for (const { color } of named) expect(color).toMatch(/^#[0-9a-f]{6}$/);
});
