/** What `/api/run/ID` answers. */
import { NUMBERS } from "../data/table";

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

export interface Segment {
  path: string;
  bytes: number | null;
  started: number | null;
  exit: number | null;
}

export interface Detail {
  id: string;
  name?: string | null;
  project?: string | null;
  group?: string | null;
  job_type?: string | null;
  tags?: string[] | null;
  notes?: string | null;
  note?: string | null;
  state?: string | null;
  started?: number | null;
  updated?: number | null;
  runtime?: number | null;
  steps?: number | null;
  progress?: number | null;
  exit_code?: number | null;
  host?: string | null;
  sweep?: string | null;
  folder?: string | null;
  config?: Record<string, Json>;
  summary?: Record<string, Json>;
  git?: Record<string, Json> | null;
  environment?: Record<string, Json> | null;
  data?: Json;
  data_version?: Json;
  versions?: Record<string, Json> | null;
  segments?: Segment[];
  media?: string[];
  tables?: string[];
  histograms?: string[];
  metrics?: string[];
  system?: string[];
  skipped?: Record<string, number> | number | null;
  cost?: Record<string, number | null> | null;
  notices?: string[];
}

/** Nested values as dotted keys and texts, for tables and searching. */
export function flat(value: Json | undefined, before = ""): [string, Json][] {
  if (value === undefined) return [];
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [[before, value]];
  const found = Object.entries(value).flatMap(([key, inner]) => flat(inner, before ? `${before}.${key}` : key));
  return found.length > 0 || before === "" ? found : [[before, {}]];
}

/** The last values of a run: its numbers, NaN and infinities among them, and all else but files. */
export function lastValues(summary: Detail["summary"]): { numbers: [string, number][]; others: [string, Json][] } {
  const numbers: [string, number][] = [];
  const others: [string, Json][] = [];
  for (const [key, value] of Object.entries(summary ?? {})
    .filter(([, value]) => !isMedia(value))
    .flatMap(([key, value]) => flat(value, key))) {
    const number = typeof value === "string" ? NUMBERS[value] : value;
    if (typeof number === "number") numbers.push([key, number]);
    else others.push([key, value]);
  }
  return { numbers, others };
}

/** Whether a value stands for a file that was logged: pictures, tables and histograms have views of their own. */
export function isMedia(value: Json): boolean {
  return (
    typeof value === "object" && value !== null && !Array.isArray(value) && ("_type" in value || "filenames" in value)
  );
}

export function shownValue(value: Json): string {
  if (value === null) return "null";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

const KINDS: Record<string, [string, string]> = {
  torn: ["a half-written record at the end", "half-written records at the ends"],
  blocks: ["a damaged block", "damaged blocks"],
  records: ["a record that could not be read", "records that could not be read"],
  unknown: ["a record of a kind that this kirie does not know", "records of kinds that this kirie does not know"],
  foreign: ["a file that is no log of W&B", "files that are no logs of W&B"],
  unreadable: ["a log that cannot be opened", "logs that cannot be opened"],
  failed: ["a log that kirie fails at, as the terminal tells", "logs that kirie fails at, as the terminal tells"],
  killed: ["a log that kills the process which reads it", "logs that kill the process which reads them"],
};

/** What was left out when the log was read, in one sentence; null where nothing was. */
export function skippedSentence(skipped: Detail["skipped"]): string | null {
  if (!skipped) return null;
  if (typeof skipped === "number") {
    return `${skipped === 1 ? "One record" : `${skipped} records`} of the log could not be read and ${skipped === 1 ? "was" : "were"} left out.`;
  }
  const parts = Object.entries(skipped)
    .filter(([, many]) => many > 0)
    .map(([kind, many]) => {
      const [one, more] = KINDS[kind] ?? [`a record (${kind})`, `records (${kind})`];
      return many === 1 ? one : `${many} ${more}`;
    });
  if (parts.length === 0) return null;
  const last = parts.pop() as string;
  const list = parts.length > 0 ? `${parts.join(", ")} and ${last}` : last;
  return `Left out when the run was read: ${list}. All the rest is shown.`;
}

// Colours and cursor movements of terminals: ESC [ ... letter, ESC ] ... BEL or ESC \, and lone ESC letters
const ANSI = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g;

/** A line as a terminal would have left it: without colours, and after a carriage return what was written over it. */
export function plainLine(line: string): string {
  const text = line.replace(ANSI, "").replace(/\r+$/, "");
  const back = text.lastIndexOf("\r");
  return (back < 0 ? text : text.slice(back + 1)).replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, "");
}
