import { expect, test } from "vitest";

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
