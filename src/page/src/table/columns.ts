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
  steps: "Last step",
  progress: "Progress",
  exit_code: "Exit code",
  host: "Host",
  data: "Data",
  commit: "Commit",
  sweep: "Sweep",
  folder: "Folder",
  skipped: "Skipped records",
  device_hours: "Device hours",
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
  if (Number.isNaN(value)) return "NaN";
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
      (one, row): one is number => row % step === 0 && Number.isFinite(one) && one !== 0,
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
  const heading = titleOf(column).length + 4;
  return Math.round(Math.min(240, Math.max(72, Math.max(long, Math.min(heading, 22)) * 7 + 22)));
}

const NAME = { least: 270, most: 440, phone: 190 };

/** In pixels, of the runs' names with what stands before them: wide enough for nearly all; their ends tell them apart. */
export function nameWidth(table: RunTable, narrow: boolean): number {
  if (narrow) return NAME.phone;
  const step = Math.max(1, Math.floor(table.ids.length / 500));
  const lengths = table.ids
    .filter((_, row) => row % step === 0)
    .map((id) => String(table.value("name", id) || id).length)
    .sort((a, b) => a - b);
  const long = lengths[Math.floor(lengths.length * 0.95)] ?? 0;
  return Math.round(Math.min(NAME.most, Math.max(NAME.least, long * 7.2 + 80)));
}

const MOST_CONFIG = 5;
const MOST_SUMMARY = 5;
/** Values of these name the run itself or where it ran, not a choice that was made. */
const OWN =
  /^config\.(run_id|runs|name|notes|tags|(log|trainer|made_of|git|hardware|versions|init)\..*|data\.(fingerprint|dvc))$/;
/** Texts longer than this are no choices: JSON, descriptions. */
const LONGEST = 60;
/** What is looked at first. */
const CONFIG = [
  /\.?model\.name$|^config\.(model|arch)$/,
  /encoder$|backbone$/,
  /(^|\.)(lr|learning_rate)$/,
  /seed$/,
  /batch_size$/,
  /\.name$/,
  /epochs$/,
];
const SCORES = [/m_?iou$/i, /(^|\/)map$/i, /dice$|f1$|iou$/i, /loss$/i, /acc/i];
const PARTS = [/^val/, /^test/, /^train/];

function place(key: string, order: readonly RegExp[]): number {
  const at = order.findIndex((one) => one.test(key));
  return at < 0 ? order.length : at;
}

/** 0 where most runs have a value: what one run alone has comes later. */
function rare(column: Column): number {
  const there = column.values.reduce<number>((sum, value) => sum + (value === null ? 0 : 1), 0);
  return there * 2 > column.values.length ? 0 : 1;
}

function ranked(columns: readonly Column[], most: number, rank: (column: Column) => number[]): string[] {
  return columns
    .map((column, at) => ({ key: column.key, rank: [...rank(column), at] }))
    .sort((a, b) => a.rank.map((one, i) => one - (b.rank[i] as number)).find((one) => one !== 0) ?? 0)
    .slice(0, most)
    .map(({ key }) => key);
}

/** Without a choice in the address: state and times, the main scores, what differs in the configurations. */
export function standardColumns(table: RunTable): string[] {
  const all = [...table.columns.values()];
  const config = all.filter((column) => column.from === "config" && !OWN.test(column.key) && differs(column));
  const summary = all.filter((column) => column.from === "summary" && column.kind === "number");
  const deep = (key: string): number => key.split(/[./]/).length;
  const noted = ["tags", "note"].filter((key) =>
    table.columns.get(key)?.values.some((value) => value !== null && textOf(value) !== ""),
  );
  return [
    ...["state", "started", "runtime"].filter((key) => table.columns.has(key)),
    ...ranked(summary, MOST_SUMMARY, (column) => [
      place(column.key, PARTS),
      rare(column),
      Math.max(2, deep(column.key)),
      place(column.key, SCORES),
    ]),
    ...ranked(config, MOST_CONFIG, (column) => [rare(column), place(column.key, CONFIG), deep(column.key)]),
    ...noted,
  ];
}

/** More than one value, but not a different one in each run. */
function differs(column: Column): boolean {
  const seen = new Set<string>();
  const many = column.values.length;
  for (const value of column.values) {
    if (typeof value === "string" && value.length > LONGEST) return false;
    seen.add(textOf(value));
    if (seen.size > 1 && (column.kind === "number" || many < 20)) return true;
    if (seen.size > 100) return false;
  }
  return seen.size > 1 && seen.size < many;
}
