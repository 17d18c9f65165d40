import { expect, test } from "vitest";

import { nameIn } from "../src/report/save";

test("the file has the name that the server proposes, and none that leads elsewhere", () => {
  expect(nameIn('attachment; filename="kirie-report.html"')).toBe("kirie-report.html");
  for (const bad of [null, "attachment", 'attachment; filename="../x"', 'attachment; filename=".bashrc"']) {
    expect(nameIn(bad)).toBeNull();
  }
});
