import { describe, expect, it } from "vitest";
import { bandOver, bySeeds } from "../../src/curves/bands";
import { nearest, toTick } from "../../src/curves/extent";
import { smoothed } from "../../src/curves/smooth";
import { readCurves } from "../../src/data/curves";
import { RunTable, type Column } from "../../src/data/table";

describe("the end of an axis", () => {
  it("is the round number that is close", () => {
    expect(toTick({ low: 49, high: 349 })).toEqual({ low: 49, high: 350 });
    expect(toTick({ low: 0, high: 9999 }).high).toBe(10000);
  });

  it("stays where none is close, or where it is round", () => {
    expect(toTick({ low: 0, high: 237 }).high).toBe(237);
    expect(toTick({ low: 19, high: 339 }).high).toBe(339);
    expect(toTick({ low: 250, high: 350 }).high).toBe(350);
    expect(toTick({ low: 3, high: 3 })).toEqual({ low: 3, high: 3 });
  });
});

describe("smoothing", () => {
  it("leaves values as they are at strength 0", () =>
    expect([...smoothed([0, 1, 2], [3, 1, 2], 0, 2)]).toEqual([3, 1, 2]));

  it("keeps a constant, wherever the points lie", () => {
    for (const value of smoothed([0, 1, 50, 51, 400], [5, 5, 5, 5, 5], 0.9, 400)) expect(value).toBeCloseTo(5, 12);
  });

  it("goes by distance: points logged twice as often give the same line", () => {
    const step = (x: number): number => (x < 50 ? 0 : 1);
    const few = Array.from({ length: 51 }, (_, i) => i * 2);
    const many = Array.from({ length: 1001 }, (_, i) => i / 10);
    const a = smoothed(few, few.map(step), 0.9, 100);
    const b = smoothed(many, many.map(step), 0.9, 100);
    expect(a[40]).toBeGreaterThan(0.8);
    expect(Math.abs((a[40] as number) - (b[800] as number))).toBeLessThan(0.05);
  });

  it("forgets across a long gap", () => expect(smoothed([0, 1, 1000], [0, 0, 1], 0.5, 1000)[2]).toBeCloseTo(1, 6));

  it("passes over what is no number", () => {
    const out = smoothed([0, 1, 2], [1, NaN, 1], 0.5, 2);
    expect(out[0]).toBe(1);
    expect(out[1]).toBeNaN();
    expect(out[2]).toBeCloseTo(1);
  });
});

describe("bands", () => {
  const lines = [
    { x: [0, 10, 20], y: [0, 10, 20] },
    { x: [0, 20], y: [4, 24] },
    { x: [10], y: [12] },
  ];

  it("are over the lines that are there at each place, straight between their points", () => {
    const { x, mean, low, high, of } = bandOver(lines, "range");
    expect([...x]).toEqual([0, 10, 20]);
    expect([...of]).toEqual([2, 3, 2]);
    expect([...mean]).toEqual([2, 12, 22]);
    expect([...low]).toEqual([0, 10, 20]);
    expect([...high]).toEqual([4, 14, 24]);
  });

  it("have the standard deviation of a sample", () => {
    const { low, high } = bandOver(lines, "std");
    expect(high[1]).toBeCloseTo(14); // 10, 12 and 14: 12 ± 2
    expect(low[0]).toBeCloseTo(2 - Math.sqrt(8));
  });

  it("have all that was logged at one step in their range, and its last value in the mean", () => {
    const { x, mean, low, high } = bandOver(
      [
        { x: [0, 1, 1, 1, 2], y: [0, 9, NaN, 2, 4] },
        { x: [0, 2], y: [0, 4] },
      ],
      "range",
    );
    expect([...x]).toEqual([0, 1, 2]);
    expect([...mean]).toEqual([0, 2, 4]);
    expect([...low]).toEqual([0, 2, 4]);
    expect([...high]).toEqual([0, 9, 4]);
  });

  it("take even places where there are too many points", () => {
    const x = Float64Array.from({ length: 5000 }, (_, i) => i);
    const band = bandOver([{ x, y: x }], "range");
    expect(band.x.length).toBe(1000);
    expect(band.mean[500]).toBeCloseTo(band.x[500] as number, 6);
  });

  it("by seeds are over runs that differ in the seed alone", () => {
    const column = (key: string, values: Column["values"]): Column => ({ key, kind: "text", from: "config", values });
    const table = new RunTable(
      1,
      ["a", "b", "c"],
      [
        column("config.seed", [1, 2, 1]),
        column("config.run_id", ["a", "b", "c"]),
        column("config.lr", ["x", "x", "y"]),
      ],
    );
    expect(bySeeds(["c", "a", "b"], table).map(({ ids }) => ids)).toEqual([["c"], ["a", "b"]]);
  });
});

describe("nearest", () => {
  it.each([
    [[], 1, -1],
    [[5], 99, 0],
    [[0, 10, 20], 14, 1],
    [[0, 10, 20], 16, 2],
    [[0, 10, 20], -5, 0],
  ])("%j at %d", (x, at, place) => expect(nearest(x, at)).toBe(place));
});

describe("binary curves", () => {
  it("are read where the header says", () => {
    const entry = { run: "r", metric: "µ", n: 3, total: 9, sampled: true, x_at: 0, y_at: 24 };
    let head = JSON.stringify({ series: [entry] });
    let encoded = new TextEncoder().encode(head);
    while ((4 + encoded.length) % 8 !== 0) encoded = new TextEncoder().encode((head += " "));
    const bytes = new ArrayBuffer(4 + encoded.length + 24 + 24);
    new DataView(bytes).setUint32(0, encoded.length, true);
    new Uint8Array(bytes).set(encoded, 4);
    new Float64Array(bytes, 4 + encoded.length, 3).set([1, 2, 3]);
    new Float64Array(bytes, 4 + encoded.length + 24, 3).set([0.5, 0.1, 1e-300]);
    const [curve] = readCurves(bytes);
    expect(curve).toMatchObject({ run: "r", metric: "µ", total: 9, sampled: true });
    expect([...(curve?.x ?? [])]).toEqual([1, 2, 3]);
    expect([...(curve?.y ?? [])]).toEqual([0.5, 0.1, 1e-300]);
  });
});
