import { expect, test } from "vitest";

import { ending, sidesOf } from "../../src/sweeps/sides";
import { costsOf, ranked, spent, sweepOf } from "../../src/sweeps/model";
import type { SweepAnswer, Trial } from "../../src/sweeps/model";

function trial(number: number, value: number | null, more: Partial<Trial> = {}): Trial {
  const rest = { cost_s: 3600, latency_ms: null, size: 1e6, ended: number, pruned: false };
  return { run: `r${number}`, number, state: "finished", params: { lr: 10 ** -number }, value, ...rest, ...more };
}

function answer(trials: Trial[], goal: "maximize" | "minimize" = "maximize"): SweepAnswer {
  return {
    name: "rates",
    kind: "sweep",
    metric: { name: "val/miou", goal },
    parameters: [{ name: "lr", kind: "number", log: true }],
    trials,
    importance: [],
    trails: { trials: [], cost: [] },
    left_out: 0,
  };
}

const ALL = new Uint8Array([1, 1, 1, 1]);

test("merit is the rank, so that one that failed badly does not make the others alike; less is better if so is the goal", () => {
  const trials = [trial(1, 0.8), trial(2, -1e9), trial(3, 0.7), trial(4, null)];
  expect([...sweepOf(answer(trials)).merit]).toEqual([1, 0, 0.5, NaN]);
  expect([...sweepOf(answer(trials, "minimize")).merit]).toEqual([0, 1, 0.5, NaN]);
});

test("the best come first, pruned ones after all that ran to their end, those without a value last", () => {
  const trials = [trial(1, 0.7), trial(2, 0.9, { pruned: true }), trial(3, null, { state: "failed" }), trial(4, 0.8)];
  expect(ranked(sweepOf(answer(trials)), ALL)).toEqual([3, 0, 1, 2]);
  expect(ranked(sweepOf(answer(trials)), new Uint8Array([1, 0, 0, 0]))).toEqual([0]);
});

test("a trial that lacks a parameter or a value has no place there", () => {
  const sweep = sweepOf(answer([trial(1, 0.5), trial(2, null), trial(3, 0.6, { params: {} })]));
  expect([...(sweep.places.get("lr") ?? [])].map(Number.isNaN)).toEqual([false, false, true]);
  expect([...(sweep.places.get("val/miou") ?? [])].map(Number.isNaN)).toEqual([false, true, false]);
});

test("cost adds up in the order in which trials ended", () => {
  const trials = [
    trial(1, 1, { ended: 30 }),
    trial(2, 1, { ended: 10, cost_s: 7200 }),
    trial(3, 1, { cost_s: null, ended: 20 }),
  ];
  expect([...spent(trials)]).toEqual([3, 2, NaN]);
  expect([...costsOf(trials, "hours")]).toEqual([1, 2, NaN]);
  expect([...costsOf(trials, "latency")]).toEqual([NaN, NaN, NaN]);
});

test("equal trials have equal colours, whatever their numbers; the best and the worst keep the ends", () => {
  const values = [0.5, 0.7, 0.5, 0.7, 0.6, 0.7, 0.1 + 0.2, 0.3];
  const merit = sweepOf(answer(values.map((value, at) => trial(at, value)))).merit;
  expect(new Set([merit[1], merit[3], merit[5]])).toEqual(new Set([1]));
  expect(merit[0]).toBe(merit[2]);
  // The same but for rounding
  expect([merit[6], merit[7]]).toEqual([0, 0]);
  expect([...sweepOf(answer([1, 2, 3].map((at) => trial(at, 19)))).merit]).toEqual([0.5, 0.5, 0.5]);
});

test("values that differ by rounding alone are one place on their axis", () => {
  const sweep = sweepOf(answer([trial(1, 0.3), trial(2, 0.1 + 0.2)]));
  expect(sweep.places.get("val/miou")?.[0]).toBeCloseTo(0.5);
  expect(sweep.places.get("val/miou")?.[1]).toBeCloseTo(0.5);
});

test("the outer marks of parallel axes have the room that they need, and lose their beginnings beyond it", () => {
  const measure = (text: string) => text.length * 6;
  const named = (words: string[]) =>
    sweepOf({
      ...answer(words.map((model, at) => trial(at, at, { params: { model } }))),
      parameters: [{ name: "model", kind: "choice", log: false, values: words }],
    });
  expect(sidesOf(named(["fpn", "unet"]), measure).left).toBe(46);
  expect(sidesOf(named(["fpn", "deeplabv3plus"]), measure).left).toBe(13 * 6 + 14);
  expect(sidesOf(named(["x".repeat(200)]), measure).left).toBe(150);
  expect(ending("smp_unetplusplus", 60, measure)).toBe("…tplusplus");
  expect(ending("fpn", 60, measure)).toBe("fpn");
});
