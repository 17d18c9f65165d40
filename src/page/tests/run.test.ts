import { commandLine, readable } from "../src/run/environment";
import { describe, expect, it } from "vitest";
import { clock, duration, logged, number } from "../src/design/words";
import { flat, lastValues, plainLine, skippedSentence } from "../src/run/detail";

describe("console lines", () => {
  it.each([
    ["\u001b[32mloss\u001b[0m 0.5", "loss 0.5"],
    ["10 %\r50 %\r100 %", "100 %"],
    ["done\r", "done"],
    ["\u001b]0;title\u0007text", "text"],
    ["<b>not markup</b>\tx", "<b>not markup</b>\tx"],
    ["bell\u0007 and null\u0000", "bell and null"],
  ])("%j", (line, expected) => expect(plainLine(line)).toBe(expected));
});

describe("what was left out", () => {
  it("is one sentence", () =>
    expect(skippedSentence({ torn: 1, blocks: 2, records: 0, unknown: 1 })).toBe(
      "Left out when the run was read: a half-written record at the end, 2 damaged blocks and a record of a kind that this kirie does not know. All the rest is shown.",
    ));

  it("may be whole logs", () =>
    expect(skippedSentence({ unreadable: 1, killed: 1, foreign: 2 })).toBe(
      "Left out when the run was read: a log that cannot be opened, a log that kills the process which reads it and 2 files that are no logs of W&B. All the rest is shown.",
    ));

  it("is nothing where nothing was", () =>
    expect([skippedSentence({ torn: 0 }), skippedSentence(null), skippedSentence(0)]).toEqual([null, null, null]));
});

describe("values", () => {
  it("nested become dotted keys, empty ones stay", () =>
    expect(flat({ a: { b: 1, c: [1, { d: 2 }] }, e: {} })).toEqual([
      ["a.b", 1],
      ["a.c", [1, { d: 2 }]],
      ["e", {}],
    ]));

  it.each([
    [0.123456, "0.1235"],
    [12.3456, "12.346"],
    [-1234567, "−1,234,567"],
    [0.00001234, "1.23e−5"],
    [NaN, "–"],
    [null, "–"],
    [Infinity, "∞"],
    [0, "0"],
  ])("%d reads %s", (value, words) => expect(number(value)).toBe(words));

  it("that came last are numbers where they are NaN or without end, too", () => {
    const { numbers, others } = lastValues({
      loss: { train: "NaN", val: "-Infinity" },
      miou: 0.5,
      best: "yes",
      image: { _type: "image-file" },
    });
    expect(numbers.map(([key, value]) => `${key} ${logged(value)}`)).toEqual([
      "loss.train NaN",
      "loss.val −∞",
      "miou 0.5",
    ]);
    expect(others).toEqual([["best", "yes"]]);
  });

  it("times are short on axes and plain in tables", () => {
    expect([clock(500), clock(3723), clock(90000), clock(8)]).toEqual(["8:20", "1:02:03", "1 d 1:00", "0:08"]);
    expect([duration(5.25), duration(500), duration(3723), duration(200000), duration(null)]).toEqual([
      "5.3 s",
      "8 min 20 s",
      "1 h 02 min",
      "2 d 7 h",
      "–",
    ]);
  });
});

it("memory is told in its unit, and arguments as they would be typed", () => {
  expect(readable(["memory", 540616904704])).toEqual(["memory", "503 GiB"]);
  expect(readable(["args", ["--name", "it's a b", "--lr=0.1", "", 3]])).toEqual([
    "args",
    "--name 'it'\\''s a b' --lr=0.1 '' 3",
  ]);
  expect(readable(["memory", "a lot"])).toEqual(["memory", "a lot"]);
  expect(commandLine([])).toBe("");
});
