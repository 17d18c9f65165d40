import { expect, test } from "vitest";

import { pairs, tally, toldOf } from "../../src/numbers/paired";
import { factorOf, lacks, shared } from "../../src/numbers/scores";
import { limitOf, points, seenDigits, shade, signed } from "../../src/numbers/shade";

test("a difference carries its sign; one that rounds to nothing has none and no shade", () => {
  expect([0.0081, -0.0081, 0.0004, null].map((value) => signed(value))).toEqual(["+0.8", "−0.8", "0.0", "–"]);
  expect(shade(0.0004, 0.1)).toEqual({ sign: "same", strength: 0 });
  expect(shade(-0.1, 0.1)).toEqual({ sign: "worse", strength: 1 });
});

test("shades grow with the difference and stay within one", () => {
  const strengths = [0.01, 0.05, 0.1, 0.4].map((value) => shade(value, 0.1).strength);
  expect(strengths).toEqual([...strengths].sort((a, b) => a - b));
  expect(strengths.at(-1)).toBe(1);
});

test("a matrix of hardly any differences does not glow", () => {
  expect(limitOf([0.001, null, -0.002])).toBe(0.02);
  expect(limitOf([0.001, -0.3])).toBe(0.3);
});

test("a score is written in points, a missing one as a dash", () => {
  expect([0.69694, 0, null, undefined, NaN].map((value) => points(value))).toEqual(["69.7", "0.0", "–", "–", "–"]);
});

test("images pair by name, worst fall first, and one without both scores is left out", () => {
  const found = pairs(["x", "y", "z"], [0.5, 0.9, null], [0.6, 0.4, 0.3]);
  expect(found.map((pair) => pair.name)).toEqual(["y", "x"]);
  expect(tally(found)).toEqual({ worse: 1, same: 0, better: 1 });
});

test("a row of tiny differences has the digits that they need, and one of large ones does not", () => {
  expect(seenDigits([0.00026, 0.0001])).toBe(2);
  expect(signed(0.00026, seenDigits([0.00026]))).toBe("+0.03");
  expect(seenDigits([0.00026, -0.2])).toBe(1);
  expect(seenDigits([0, null])).toBe(1);
});

test("what is no share is written as it is", () => {
  expect(signed(-0.01, 4, 1)).toBe("−0.0100");
  expect(points(0.5, 4, 1)).toBe("0.5000");
});

test("differences of what is no share have three digits of the largest, whatever its size", () => {
  expect([0.1, 0.0123, 3.2, 45, 1234, 0].map((most) => seenDigits([most, -most / 2], 1))).toEqual([3, 4, 2, 1, 0, 1]);
});

test("images of another program's score have fallen by the least of falls", () => {
  const found = pairs(["x", "y", "z"], [0.5, 0.5, 0.5], [0.5, 0.50001, 0.49999]);
  expect(tally(found)).toEqual({ worse: 0, same: 3, better: 0 });
  expect(tally(found, 1)).toEqual({ worse: 1, same: 1, better: 1 });
});

const offer = (counted: boolean, ...scores: string[]) => ({
  scores: scores.map((score) => ({ score, name: score.toUpperCase() })),
  counted,
  by_label: counted,
});

test("scores of both runs can be chosen, in the first one's order; those of the first where none is common", () => {
  const offers = { a: offer(false, "f1", "psnr"), b: offer(false, "psnr", "f1", "x"), c: offer(true, "miou") };
  expect(shared(offers, "a", "b").map(([score]) => score)).toEqual(["f1", "psnr"]);
  expect(shared(offers, "a", "c").map(([score]) => score)).toEqual(["f1", "psnr"]);
  expect(shared(offers, "c", "")).toEqual([["miou", "MIOU"]]);
  expect(shared(offers, "gone", "a")).toEqual([]);
});

test("a run is known to lack a score that the base offers, and of one that nobody offers nothing is known", () => {
  const offers = { a: offer(true, "miou"), b: offer(false, "f1"), c: offer(true, "miou") };
  expect(["b", "c", "gone"].map((run) => lacks(offers, run, "a", "miou"))).toEqual([true, false, false]);
  expect(lacks(offers, "b", "a", "dice/eye")).toBe(false);
});

test("points of a hundred are for kirie's scores, and for what nobody has a table of", () => {
  const offers = { a: offer(false, "f1"), b: offer(false, "f1"), c: offer(true, "f1"), none: offer(false) };
  expect([factorOf(offers, "a", "b"), factorOf(offers, "a", "c"), factorOf(offers, "none", "")]).toEqual([1, 100, 100]);
});

test("of one run nothing is asked, and the run that is told is always compared", () => {
  const many = Array.from({ length: 25 }, (_, at) => `r${at}`);
  expect(toldOf([], "")).toEqual([]);
  expect(toldOf(["a", "b"], "b")).toEqual(["a", "b"]);
  expect(toldOf(many, "r24")).toEqual(["r24", ...many.slice(0, 19)]);
});
