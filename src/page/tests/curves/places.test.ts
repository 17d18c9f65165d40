import { describe, expect, it } from "vitest";
import { axisWords, shortWords, xWords } from "../../src/curves/places";

/** Local time, as the page shows it. */
const at = (...parts: [number, number, number, number, number, number]): number => new Date(...parts).getTime() / 1000;

describe("times of day", () => {
  const noon = at(2026, 8, 21, 12, 5, 7);

  it("are written from the year down, by 24 hours", () => {
    expect(xWords(at(2026, 8, 21, 14, 13, 9), "wall")).toBe("2026-09-21 14:13:09");
  });

  it("are a clock in a narrow column, with a date only where that tells them apart", () => {
    expect(shortWords(noon, "wall", 3600)).toBe("12:05:07");
    expect(shortWords(noon, "wall", 3 * 86400)).toBe("09-21 12:05");
    expect(shortWords(1200, "step", 5000)).toBe("1,200");
  });

  it("have the date below the first label of an axis, and again where it changes", () => {
    const places = [at(2026, 8, 21, 23, 30, 0), at(2026, 8, 21, 23, 45, 0), at(2026, 8, 22, 0, 0, 0)];
    expect(axisWords(places, "wall", 900)).toEqual(["23:30\n2026-09-21", "23:45", "00:00\n2026-09-22"]);
    expect(axisWords([noon], "wall", 1)).toEqual(["12:05:07\n2026-09-21"]);
    expect(axisWords([noon + 0.25], "wall", 0.25)).toEqual(["12:05:07.250\n2026-09-21"]);
    expect(axisWords([noon], "wall", 86400)).toEqual(["2026-09-21"]);
  });
});

describe("other axes", () => {
  it("have labels that differ, and stretches of time as a clock", () => {
    expect(axisWords([100, 100.25, 100.5], "epoch", 0.25)).toEqual(["100.00", "100.25", "100.50"]);
    expect(axisWords([0, 60, 3600], "time", 60)).toEqual(["0:00", "1:00", "1:00:00"]);
  });
});
