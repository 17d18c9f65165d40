import { describe, expect, it } from "vitest";
import { standardMetrics } from "../../src/curves/standard";
import { RunTable, type MetricKey, type Value } from "../../src/data/table";

const last = (columns: Record<string, Value[]>): RunTable =>
  new RunTable(
    1,
    ["a", "b"],
    Object.entries(columns).map(([key, values]) => ({ key, kind: "number", from: "summary", values })),
  );
const keys = (...found: string[]): MetricKey[] => found.map((key) => ({ key, runs: 2, points: 10 }));

describe("metrics without a choice", () => {
  it("are those that are mostly looked at, in their order, with one learning rate", () =>
    expect(
      standardMetrics(
        keys(
          "epoch",
          "lr-AdamW/pg1",
          "lr-AdamW/pg2",
          "train/loss",
          "train/loss_step",
          "val/accuracy",
          "val/iou/hair",
        ).concat(keys("val/boundary_iou", "val/dice", "val/loss", "val/miou", "perf/images_per_s")),
        ["a", "b"],
        last({}),
      ),
    ).toEqual(["val/miou", "val/dice", "val/boundary_iou", "train/loss", "val/loss", "lr-AdamW/pg1"]));

  it("are not two that are equal for these runs", () => {
    const table = last({ "val/accuracy": [0.9, 0.8], "val/micro_dice": [0.9, 0.8 + 1e-9], "val/recall": [0.9, 0.7] });
    const all = keys("val/accuracy", "val/micro_dice", "val/recall");
    expect(standardMetrics(all, ["a", "b"], table)).toEqual(["val/recall", "val/accuracy"]);
    // Of the first run alone nothing tells them apart
    expect(standardMetrics(all, ["a"], table)).toEqual(["val/recall"]);
    // Without a last value nothing is known to be equal
    expect(standardMetrics(all, ["c"], table)).toHaveLength(3);
  });

  it("are the losses of a run that diverged, too", () => {
    const all = keys("val/miou", "train/loss", "val/loss", "val/accuracy");
    const table = last({
      "val/miou": [0.7, 0.7],
      "train/loss": [NaN, 0.5],
      "val/loss": [Infinity, 0.4],
      "val/accuracy": [NaN, 0.7],
    });
    expect(standardMetrics(all, ["a"], table)).toEqual(["val/miou", "train/loss", "val/loss", "val/accuracy"]);
    expect(standardMetrics(all, ["a", "b"], table)).toHaveLength(4);
    // Nor does it tell anything that two ended so
    const both = last({ "train/loss": [NaN, 0.5], "val/loss": [NaN, 0.5], "train/loss_x": [Infinity, 0.5] });
    const losses = keys("train/loss", "val/loss", "train/loss_x");
    expect(standardMetrics(losses, ["a"], both)).toEqual(["train/loss", "val/loss", "train/loss_x"]);
    expect(standardMetrics(losses, ["a", "b"], both)).toEqual(["train/loss", "train/loss_x"]);
  });

  it("are a loss beside a score of its value, and both of two that ended at 0", () => {
    const table = last({ "val/miou": [1, 0], "train/loss": [1, 0], "val/dice": [0.5, 0] });
    const all = keys("val/miou", "train/loss", "val/dice");
    expect(standardMetrics(all, ["a"], table)).toEqual(["val/miou", "val/dice", "train/loss"]);
    expect(standardMetrics(all, ["b"], table)).toEqual(["val/miou", "val/dice", "train/loss"]);
  });

  it("of other programs are what most of them logged, and what they logged most", () => {
    const all = [
      { key: "epoch", runs: 3, points: 999 },
      { key: "a", runs: 3, points: 3 },
      { key: "reward", runs: 3, points: 300 },
      { key: "rare", runs: 1, points: 900 },
    ];
    expect(standardMetrics(all, ["a", "b", "c"], last({}))).toEqual(["reward", "a", "rare", "epoch"]);
  });
});
