import { expect, test, vi } from "vitest";

import { baseOf, heldPair, partners } from "../src/pictures/pair";
import { exportCommand } from "../src/report/command";
import { nameIn } from "../src/report/save";

test("the file has the name that the server proposes, and none that leads elsewhere", () => {
  expect(nameIn('attachment; filename="kirie-report.html"')).toBe("kirie-report.html");
  for (const bad of [null, "attachment", 'attachment; filename="../x"', 'attachment; filename=".bashrc"']) {
    expect(nameIn(bad)).toBeNull();
  }
});

test("the command names the board's folder, and quotes what a shell would take apart", () => {
  expect(exportCommand("/data/runs", ["a1", "b2"])).toBe("kirie board /data/runs --export report.html --runs a1,b2");
  expect(exportCommand("/my runs/it's", ["a b"])).toBe(
    "kirie board '/my runs/it'\\''s' --export report.html --runs 'a b'",
  );
  expect(exportCommand("/$HOME;x", ["a"])).toContain(" '/$HOME;x' ");
});

test("of pairs that a report lacks none is offered", () => {
  const runs = ["a", "b", "base", "c"];
  const held = (one: string, other: string) => one === "base" || other === "base";
  expect(heldPair(runs, "a", "base", held)).toEqual(["a", "base"]);
  expect(heldPair(runs, "a", "b", held)).toEqual(["a", "base"]);
  expect(heldPair(runs, "", "", held)).toEqual(["a", "base"]);
  expect(heldPair(["a", "b"], "a", "b", held)).toBeNull();
  expect(heldPair(["a"], "a", "", held)).toBeNull();
  expect(heldPair(runs, "c", "a", () => true)).toEqual(["c", "a"]);
  expect(partners(runs, "a", held)).toEqual(["base"]);
  expect(baseOf(runs, held)).toBe("base");
  expect(baseOf(runs, () => false)).toBeUndefined();
});

test("the metrics of a part of a report's runs are those of that part", async () => {
  const answers = {
    "/api/run/a": { metrics: ["val/miou", "epoch"], system: ["gpu"] },
    "/api/run/b%20c": { metrics: ["reward", "epoch"], system: [] },
    "/api/run/d": { metrics: ["reward"] },
  };
  vi.stubGlobal("document", { getElementById: () => ({ textContent: JSON.stringify({ answers }) }) });
  vi.resetModules();
  const { heldOf } = await import("../src/data/logged");
  vi.unstubAllGlobals();
  expect(heldOf(["b c", "d"])).toEqual({
    metrics: [
      { key: "epoch", runs: 1 },
      { key: "reward", runs: 2 },
    ],
    system: [],
  });
  expect(heldOf(["a"]).system).toEqual([{ key: "gpu", runs: 1 }]);
});
