import { describe, expect, it } from "vitest";
import { merged, RunTable, type Column } from "../src/data/table";
import { complete } from "../src/filter/complete";
import { compile } from "../src/filter/match";
import { FilterError } from "../src/filter/tokens";

const column = (
  key: string,
  kind: Column["kind"],
  values: Column["values"],
  from: Column["from"] = "config",
): Column => ({ key, kind, from, values });

const table = new RunTable(
  1,
  ["a", "b", "c", "d"],
  [
    column("id", "text", ["a", "b", "c", "d"], "run"),
    column("name", "text", ["first try", "Unet large", "deep (2)", "<b>x</b>"], "run"),
    column("state", "text", ["running", "finished", "finished", "failed"], "run"),
    column("tags", "list", [["paper", "best"], [], ["draft"], null], "run"),
    column("started", "time", [1e9, 1.5e9, 1.8e9, null], "run"),
    column("progress", "number", [0.5, 1, 0.25, null], "run"),
    column("runtime", "number", [30, 5400, 9000, null], "run"),
    column("config.model.name", "text", ["unet", "UNet", "fpn", null]),
    column("config.lr", "number", [1e-3, 1e-4, 0.01, null]),
    column("config.mixed", "text", ["10", "9", "x", null]),
    column("val/miou", "number", [0.71, 0.69, 0.8, null], "summary"),
    column("or", "number", [1, 2, 3, 4], "summary"),
    column("ema", "bool", [true, false, null, true]),
    column("device_hours", "number", [0.5, 2, 12345, null], "run"),
    column("parameters", "number", [12_345, 5e6, 2e9, 3]),
    column("val/loss", "number", [NaN, Infinity, -Infinity, null], "summary"),
    column("updated", "time", [at(2026, 11, 21, 23, 59), at(2026, 11, 22), at(2026, 11, 22, 14, 30) + 30, null], "run"),
  ],
);

/** Unix seconds of a time by this machine's clock, as filters have it. */
function at(year: number, month: number, day: number, hour = 0, minute = 0): number {
  return new Date(year, month - 1, day, hour, minute).getTime() / 1000;
}

function ids(filter: string): string {
  const match = compile(filter, table);
  return table.ids.filter((_, row) => match(row)).join("");
}

function failure(filter: string): FilterError {
  try {
    compile(filter, table);
  } catch (error) {
    if (error instanceof FilterError) return error;
  }
  throw new Error(`“${filter}” was taken`);
}

describe("filter", () => {
  it.each([
    ["", "abcd"],
    ["config.model.name = unet and val/miou > 0.7", "a"],
    ["config.model = unet", "ab"], // the issue's own example: .name may be left out
    ["state = failed or model.name = fpn", "cd"],
    ["not state = finished", "ad"],
    ["not (state = finished or state = running)", "d"],
    ["state = finished and val/miou > 0.75 or state = failed", "cd"], // and binds closer
    ["state = finished and (val/miou > 0.75 or state = failed)", "c"],
    ["val/miou = null", "d"],
    ["tags = null", "bd"], // no tags are an empty list
    ["tags != null", "ac"],
    // What is shown can be typed
    ["progress = 100%", "b"],
    ['progress > "40 %"', "ab"],
    ["runtime = 1h30min", "b"],
    ['runtime >= "1 h 30 min"', "bc"],
    ['runtime = "2 h 30 min 00 s"', "c"],
    ["'or' < '1,000'", "abcd"],
    ["val/miou > −1", "abc"],
    ["ema = yes", "ad"],
    ["ema = no", "b"],
    ["val/miou != null", "abc"],
    ["config.lr != 0.001", "bcd"], // what lacks it is not that value
    ["config.lr <= 1e-3", "ab"],
    ["runtime > 1.5h", "c"],
    // What a log has beside numbers
    ["val/loss = NaN", "a"],
    ["val/loss != nan", "bcd"],
    ["val/loss in (NaN, ∞)", "ab"],
    ["val/loss = ∞", "b"],
    ["val/loss = inf", "b"],
    ["val/loss = −∞", "c"],
    ["val/loss < +Infinity", "c"],
    ["val/loss >= -inf", "bc"],
    ["val/loss > 0", "b"],
    ["val/miou < ∞", "abc"],
    ["runtime >= 90min", "bc"],
    ["started > 2015-01-01", "bc"],
    // Units in any case of letters; m is minutes where a column holds durations
    ["runtime >= 90m", "bc"],
    ["runtime >= 90MIN", "bc"],
    ["runtime > 2H", "c"],
    ["runtime = 1h30m", "b"],
    ["device_hours >= 2h", "bc"],
    ["device_hours < 45m", "a"],
    ["device_hours > 1d", "c"],
    ["parameters >= 5M", "bc"],
    ["parameters > 1g", "c"],
    ["parameters > 10K", "abc"],
    // Thousands as the page shows them
    ["device_hours = 12,345", "c"],
    ["parameters > 4,999,999 and parameters < 1,000,000,000", "b"],
    ["parameters = 12,345.0", "a"],
    ["parameters > −1,000", "abcd"],
    ["parameters in (3, 12)", "d"], // a list's commas stay a list's
    ["parameters in (12,345)", ""],
    // A date without a time is its whole day, and what is shown to the minute its whole minute
    ["updated = 2026-11-22", "bc"],
    ["updated != 2026-11-22", "ad"],
    ["updated > 2026-11-21", "bc"],
    ["updated >= 2026-11-22", "bc"],
    ["updated > 2026-11-22", ""],
    ["updated < 2026-11-22", "a"],
    ["updated <= 2026-11-21", "a"],
    ["updated in (2026-11-21, 2026-11-23)", "a"],
    ["updated = 2026-11", "abc"],
    ["updated < 2026", ""],
    ["updated = 2026", "abc"],
    ["updated = '2026-11-22 14:30'", "c"],
    ["updated = 2026-11-22T14:30:30", "c"],
    ["updated > 2026-11-22T14:30", ""],
    ["started = 1.5e9", "b"],
    ["state not in (failed, running)", "bc"],
    ["val/miou > 0.7 and state NOT IN (running)", "c"],
    ["not state not in (failed)", "d"],
    ["name ~ UNET", "b"],
    ["name ~ 'u*'", "b"],
    ["name ~ first*try", "a"],
    ["name !~ e", "ad"],
    ["name = 'deep (2)'", "c"],
    ['name = "<b>x</b>"', "d"],
    ["tags = paper", "a"],
    ["tags ~ a", "ac"],
    ["state in (running, failed)", "ad"],
    ["config.mixed > 9", "a"], // texts that are numbers compare as numbers
    ["ema = true", "ad"],
    ["or = 2", "b"], // a column may have a keyword's name
    ["unet", "b"], // a word alone looks in names, ids, groups and tags
    ["draft or first", "ac"],
    ["NOT unet AND state = finished", "c"],
  ])("%s", (filter, expected) => expect(ids(filter)).toBe(expected));

  it("takes a mark that nobody set for no", () => {
    const marked = merged(new RunTable(), {
      version: 1,
      ids: ["a", "b"],
      columns: [{ key: "pinned", kind: "bool", from: "note", values: [true, null] }],
    });
    const passed = (filter: string) => marked.ids.filter((_, row) => compile(filter, marked)(row)).join("");
    expect([passed("pinned = no"), passed("pinned != no"), passed("pinned = yes")]).toEqual(["b", "a", "a"]);
  });

  it("names the place and the near column", () => {
    const error = failure("state = failed and config.model.name2 = x");
    expect(error.message).toContain("“config.model.name”");
    expect([error.from, error.to]).toEqual([19, 37]);
  });

  it.each([
    ["val/miou >", "the filter ends where a value", 10],
    ["(state = failed", "bracket is not closed", 0],
    ["state = failed)", "closes nothing", 14],
    ["state = failed val/miou > 1", "write “and” or “or”", 15],
    ["name = 'open", "is not closed", 7],
    ["= 3", "a column belongs before", 0],
    ["val/miou > high", "holds numbers", 11],
    ["val/miou > '1 2'", "holds numbers", 11],
    ["val/miou > '1h 2'", "holds numbers", 11],
    ["val/miou > -", "holds numbers", 11],
    ["started > soon", "holds times", 10],
    ["started > 2d", "holds times", 10], // forgotten its minus
    ["started > 2026-02-30", "holds times", 10],
    ["started > 2026-13", "holds times", 10],
    ["started > -2M", "minutes or months: write -2min", 10],
    ["started > 10m", "write -10min", 10],
    ["started > '1 h 30 m'", "write -1h30min", 10],
    ["started > -inf", "holds times", 10],
    ["val/loss < NaN", "NaN is compared", 11],
    ["val/loss = −NaN", "holds numbers", 11],
    ["runtime > 10M", "minutes or millions: write min", 10],
    ["parameters > 5m", "minutes or millions: write M", 13],
    ["runtime > 10x", "holds numbers", 10],
    ["runtime > 5ms", "holds numbers", 10],
    ["runtime > 1,0", "write “and” or “or”", 11],
    ["state not in failed", "write “and” or “or”", 6],
    ["state ! failed", "is no operator", 6],
    ["val/miou < null", "null is compared", 11],
    ["and", "a column belongs before", 0],
    ["state = failed and or state = failed", "a column belongs before", 19],
  ])("%s is refused", (filter, sentence, from) => {
    const error = failure(filter);
    expect(error.message).toContain(sentence);
    expect(error.from).toBe(from);
  });
});

describe("completion", () => {
  it("offers columns where one begins", () => {
    const { from, to, options } = complete("state = failed and mod", 22, table);
    expect([from, to]).toEqual([19, 22]);
    expect(options[0]?.text).toBe("config.model.name");
  });

  it("offers the column's values after its operator, quoted where they must be", () => {
    const { options } = complete("name = fi", 9, table);
    expect(options.map(({ text }) => text)).toEqual(['"first try"']);
  });

  it("offers truth values as the page shows them", () => {
    const { options } = complete("ema = ", 6, table);
    expect(options.map(({ text, about }) => [text, about])).toEqual([
      ["no", "1 run"],
      ["yes", "2 runs"],
    ]);
  });

  it("offers nothing for numbers", () => expect(complete("val/miou > 0", 12, table).options).toEqual([]));
});
