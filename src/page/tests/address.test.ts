import { describe, expect, it } from "vitest";
import { readAddress, readList, writeAddress, writeList, type Address } from "../src/address/codec";

describe("address", () => {
  it.each<Address>([
    { view: "runs", path: [], query: {} },
    {
      view: "runs",
      path: [],
      query: { filter: "config.model = unet and val/miou > 0.7 & 100% + #1", sort: "-val/miou,name" },
    },
    { view: "sweeps", path: ["a/b c?d"], query: { x: "=&+%20 ä 切り絵 <script>" } },
  ])("comes back from its text", (address) => expect(readAddress(writeAddress(address))).toEqual(address));

  it("stays readable", () =>
    expect(writeAddress({ view: "curves", path: [], query: { metrics: "val/miou,train/loss", runs: "a,,b" } })).toBe(
      "#/curves?metrics=val/miou,train/loss&runs=a,,b",
    ));

  it("goes home when it is empty, and takes what is typed by hand", () => {
    expect(readAddress("")).toEqual({ view: "runs", path: [], query: {} });
    expect(readAddress("#runs?filter=a b%&x")).toEqual({ view: "runs", path: [], query: { filter: "a b%", x: "" } });
  });
});

describe("list", () => {
  it.each([[["a", "b"]], [["a,b", "c\\", "\\,"]], [["a", "", "c"]], [["", "b"]], [[]]])("%j comes back", (items) =>
    expect(readList(writeList(items))).toEqual(items),
  );
});

it("a view opens by its name in the navigation, too", () => {
  expect(readAddress("#/differences?runs=a,b").view).toBe("difference");
});
