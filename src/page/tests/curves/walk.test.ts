import { describe, expect, it } from "vitest";
import { lineAfter, stepped, type Walk } from "../../src/curves/walk";

const range = { low: 0, high: 100 };
const two: Walk = {
  range,
  lines: [
    { x: [0, 10, 20, 100], y: [0, 0, 0, 0] },
    { x: [5, 10, 90], y: [0, 0, 0] },
  ],
};

describe("the keyboard on curves", () => {
  it("goes from point to point of all lines, once where two share one, and stops at the end", () => {
    const seen: number[] = [];
    for (let at = stepped("ArrowRight", null, two); at !== null; at = stepped("ArrowRight", at, two)) seen.push(at);
    expect(seen).toEqual([0, 5, 10, 20, 90, 100]);
    expect(stepped("ArrowLeft", null, two)).toBe(100);
    expect(stepped("ArrowLeft", 90, two)).toBe(20);
    expect(stepped("ArrowLeft", 0, two)).toBeNull();
  });

  it("goes on from where the pointer was, between two points", () => {
    expect(stepped("ArrowRight", 12.3, two)).toBe(20);
    expect(stepped("ArrowLeft", 12.3, two)).toBe(10);
  });

  it("pages by tenths of what is in sight, to the ends, and never gets stuck in a gap", () => {
    expect(stepped("PageDown", 0, two)).toBe(10);
    expect(stepped("PageDown", 20, two)).toBe(90);
    expect(stepped("PageUp", 90, two)).toBe(20);
    expect(stepped("PageDown", 100, two)).toBe(100);
    expect([stepped("Home", 50, two), stepped("End", 50, two)]).toEqual([0, 100]);
  });

  it("stays within a zoom", () => {
    const zoomed = { ...two, range: { low: 6, high: 50 } };
    expect([stepped("Home", null, zoomed), stepped("End", null, zoomed)]).toEqual([10, 20]);
    expect(stepped("ArrowRight", 20, zoomed)).toBeNull();
  });

  it("does nothing without points, or for another key", () => {
    expect(stepped("ArrowRight", null, { lines: [], range })).toBeNull();
    expect(stepped("x", 10, two)).toBeNull();
  });

  it("goes through the lines, and past either end to none", () => {
    const ids = ["a", "b"];
    expect([lineAfter(ids, null, 1), lineAfter(ids, "a", 1), lineAfter(ids, "b", 1)]).toEqual(["a", "b", null]);
    expect([lineAfter(ids, null, -1), lineAfter(ids, "a", -1)]).toEqual(["b", null]);
    expect(lineAfter(ids, "gone", 1)).toBe("a");
  });
});
