/** Which columns the table shows, how they are called, how wide they are and how a value reads. */
import type { Column, RunTable, Value } from "../data/table";
import { duration, moment, number } from "../design/words";
import { textOf } from "./group";

const NAMES: Record<string, string> = {
  id: "Id",
  name: "Run",
  project: "Project",
  group: "Group",
  job_type: "Job",
  tags: "Tags",
  notes: "Notes in the log",
  state: "State",
  started: "Started",
  updated: "Last sign",
  runtime: "Runtime",
  steps: "Steps",
  progress: "Progress",
  exit_code: "Exit code",
  host: "Host",
  data: "Data",
  commit: "Commit",
  sweep: "Sweep",
  folder: "Folder",
  skipped: "Skipped records",
  note: "Note",
  pinned: "Pinned",
  hidden: "Hidden",
};

export function titleOf({ key, from }: { key: string; from: Column["from"] }): string {
  if (from === "config") return key.replace(/^config\./, "");
  return from === "summary" ? key : (NAMES[key] ?? key);
}

/** The value in words, in full. */
export function wordsOf(column: Column, value: Value): string {
  if (value === null) return "";
  if (column.kind === "time") return moment(value as number);
  if (column.key === "runtime" || column.key.endsWith("_seconds")) return duration(value as number);
  if (column.key === "progress") return `${Math.round((value as number) * 100)} %`;
  if (typeof value === "number") return decimals(column, value);
  if (column.kind === "bool") return value ? "yes" : "no";
  return textOf(value);
}

const digitsOf = new WeakMap<readonly Value[], number>();

/** All numbers of a column with the same decimals, so that they line up: enough for four digits of most of them. */
function decimals(column: Column, value: number): string {
  let digits = digitsOf.get(column.values);
  if (digits === undefined) {
    const step = Math.max(1, Math.floor(column.values.length / 200));
    const sample = column.values.filter(
      (one, row): one is number => row % step === 0 && typeof one === "number" && one !== 0,
    );
    const sizes = sample.map(Math.abs).sort((a, b) => a - b);
    const most = sizes[Math.floor(sizes.length * 0.8)] ?? 1;
    const least = sizes[Math.floor(sizes.length * 0.05)] ?? 1;
    const uneven = most / least > 300 || least < 1e-4;
    digits = sample.every(Number.isInteger) || uneven ? -1 : Math.max(0, Math.min(6, 3 - Math.floor(Math.log10(most))));
    digitsOf.set(column.values, digits);
  }
  return digits < 0 || !Number.isFinite(value) ? number(value) : value.toFixed(digits).replace("-", "−");
}

export function isNumeric({ kind }: Column): boolean {
  return kind === "number";
}

/** In pixels: wide enough for nearly all values of a sample and for the heading. */
export function widthOf(column: Column): number {
  if (column.key === "state") return 176;
  if (column.key === "tags") return 150;
  if (column.key === "note") return 200;
  if (column.kind === "time") return 146;
  const step = Math.max(1, Math.floor(column.values.length / 200));
  const lengths: number[] = [];
  for (let row = 0; row < column.values.length; row += step) {
    const length = wordsOf(column, column.values[row] ?? null).length;
    if (length > 0) lengths.push(length);
  }
  lengths.sort((a, b) => a - b);
  const long = lengths[Math.floor(lengths.length * 0.95)] ?? 0;
  const heading = titleOf(column).length + 3;
  return Math.round(Math.min(240, Math.max(72, Math.max(long, Math.min(heading, 22)) * 7 + 22)));
}

const MOST_CONFIG = 5;
const MOST_SUMMARY = 5;
/** Values of these name the run itself, not a choice that was made. */
const OWN = /^config\.(run_id|runs|name|notes|tags|log\..*|trainer\..*)$/;

/** Without a choice in the address: state and times, what differs in the configurations, the main scores. */
export function standardColumns(table: RunTable): string[] {
  const all = [...table.columns.values()];
  const config = all.filter((column) => column.from === "config" && !OWN.test(column.key) && differs(column));
  const summary = all.filter((column) => column.from === "summary" && column.kind === "number");
  const place = (key: string): number => (/^val/.test(key) ? 0 : /^test/.test(key) ? 1 : /^train/.test(key) ? 2 : 3);
  const scores = summary
    .map((column, at) => ({ key: column.key, at, parts: column.key.split("/").length }))
    .sort((a, b) => place(a.key) - place(b.key) || a.parts - b.parts || main(a.key) - main(b.key) || a.at - b.at);
  const fixed = ["state", "started", "runtime"].filter((key) => table.columns.has(key));
  const noted = ["tags", "note"].filter((key) =>
    table.columns.get(key)?.values.some((value) => textOf(value) !== "–" && textOf(value) !== ""),
  );
  return [
    ...fixed,
    ...scores.slice(0, MOST_SUMMARY).map(({ key }) => key),
    ...config.slice(0, MOST_CONFIG).map(({ key }) => key),
    ...noted,
  ];
}

/** What is looked at first, among scores of one kind. */
function main(key: string): number {
  return /miou|(^|\/)map$|accuracy$/i.test(key) ? 0 : /dice|loss|f1|iou/i.test(key) ? 1 : 2;
}

/** More than one value, but not a different one in each run. */
function differs(column: Column): boolean {
  const seen = new Set<string>();
  const many = column.values.length;
  for (const value of column.values) {
    seen.add(textOf(value));
    if (seen.size > 1 && (column.kind === "number" || many < 20)) return true;
    if (seen.size > 100) return false;
  }
  return seen.size > 1 && seen.size < many;
}
