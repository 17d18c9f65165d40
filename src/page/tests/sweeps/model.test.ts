import { expect, test } from "vitest";

import { costsOf, ranked, spent, sweepOf } from "../../src/sweeps/model";
import type { SweepAnswer, Trial } from "../../src/sweeps/model";

function trial(number: number, value: number | null, more: Partial<Trial> = {}): Trial {
  const rest = { cost_s: 3600, latency_ms: null, size: 1e6, ended: number, pruned: false };
  return { run: `r${number}`, number, state: "finished", params: { lr: 10 ** -number }, value, ...rest, ...more };
}

function answer(trials: Trial[], goal: "maximize" | "minimize" = "maximize"): SweepAnswer {
  return {
    name: "rates",
    metric: { name: "val/miou", goal },
    parameters: [{ name: "lr", kind: "number", log: true }],
    trials,
    importance: [],
    trails: { trials: [], cost: [] },
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
