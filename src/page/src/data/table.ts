/** Runs as columns: what `/api/runs` answers, and how a later answer changes it. */

export type Value = string | number | boolean | null | readonly string[];
export type Kind = "text" | "number" | "time" | "list" | "bool";
export type Source = "run" | "config" | "summary" | "note";

export interface WireColumn {
  key: string;
  kind: Kind;
  from: Source;
  values?: Value[];
  /** Repeated text: words, and for each row the word's number; null or -1 where the run lacks it. */
  words?: string[];
  codes?: (number | null)[];
}

export interface MetricKey {
  key: string;
  runs: number;
  /** Logged by these runs together, where that is known. */
  points?: number;
}

export interface RunsAnswer {
  version: string | number;
  ids: string[];
  columns: WireColumn[];
  metrics?: MetricKey[];
  system?: MetricKey[];
  gone?: string[];
}

export interface Column {
  key: string;
  kind: Kind;
  from: Source;
  values: Value[];
}

export class RunTable {
  readonly rowOf = new Map<string, number>();
  readonly columns = new Map<string, Column>();

  constructor(
    readonly version: string | number = 0,
    readonly ids: readonly string[] = [],
    columns: readonly Column[] = [],
    readonly metrics: readonly MetricKey[] = [],
    readonly system: readonly MetricKey[] = [],
  ) {
    ids.forEach((id, row) => this.rowOf.set(id, row));
    for (const column of columns) this.columns.set(column.key, column);
  }

  /** A run's value in a column; null where either is not there. */
  value(key: string, id: string): Value {
    const row = this.rowOf.get(id);
    return row === undefined ? null : this.at(key, row);
  }

  at(key: string, row: number): Value {
    return this.columns.get(key)?.values[row] ?? null;
  }
}

/** JSON has no NaN and no infinities: where numbers stand, these words stand for them. */
export const NUMBERS: Readonly<Record<string, number>> = { NaN, Infinity, "-Infinity": -Infinity };

function plain(column: WireColumn): Value[] {
  // A run that nobody pinned or hid is not pinned and not hidden
  if (column.values && column.from === "note" && column.kind === "bool") return column.values.map(Boolean);
  if (column.values && column.kind === "number")
    return column.values.map((value) => (typeof value === "string" ? (NUMBERS[value] ?? value) : value));
  if (column.values) return column.values;
  const words = column.words ?? [];
  return (column.codes ?? []).map((code) => (code === null || code < 0 ? null : (words[code] ?? null)));
}

/** The table after an answer. One with `gone` holds rows of its own ids only; one without is the whole table. */
export function merged(now: RunTable, answer: RunsAnswer): RunTable {
  const fresh = answer.columns.map((column) => ({ ...column, values: plain(column) }));
  if (answer.gone === undefined) {
    const columns = fresh.map(({ key, kind, from, values }) => ({ key, kind, from, values }));
    return new RunTable(answer.version, answer.ids, columns, answer.metrics ?? [], answer.system ?? []);
  }
  const gone = new Set(answer.gone.filter((id) => now.rowOf.has(id)));
  const added = answer.ids.filter((id) => !now.rowOf.has(id));
  const metrics = answer.metrics ?? now.metrics;
  const system = answer.system ?? now.system;
  if (added.length === 0 && gone.size === 0) {
    return new RunTable(answer.version, now.ids, patched(now, answer.ids, fresh), metrics, system);
  }
  const ids = [...added, ...now.ids.filter((id) => !gone.has(id))];
  const source = ids.map((id) => now.rowOf.get(id) ?? -1);
  const news = new Map(answer.ids.map((id, row) => [id, row]));
  const newRow = ids.map((id) => news.get(id) ?? -1);
  const byKey = new Map(fresh.map((column) => [column.key, column]));
  const keys = new Set([...now.columns.keys(), ...byKey.keys()]);
  const columns = [...keys].map((key): Column => {
    const before = now.columns.get(key);
    const after = byKey.get(key);
    const { kind, from } = (after ?? before) as Column;
    const values = ids.map((_, row) => {
      const fromNew = newRow[row] as number;
      if (fromNew >= 0) return after?.values[fromNew] ?? null;
      return before?.values[source[row] as number] ?? null;
    });
    return { key, kind, from, values };
  });
  return new RunTable(answer.version, ids, columns, metrics, system);
}

/** Columns after changes in rows that are there. One in which nothing changed stays the same object, and with it what was worked out of it. */
function patched(now: RunTable, ids: readonly string[], fresh: readonly Column[]): Column[] {
  const rows = ids.map((id) => now.rowOf.get(id) as number);
  const columns = new Map(now.columns);
  for (const { key, kind, from, values } of fresh) {
    const before = columns.get(key) ?? { key, kind, from, values: now.ids.map((): Value => null) };
    const news = rows.map((row, at) => [row, values[at] ?? null] as const);
    const other = news.filter(([row, value]) => !same(before.values[row] ?? null, value));
    if (other.length === 0 && columns.has(key) && before.kind === kind) continue;
    const next = before.values.slice();
    for (const [row, value] of other) next[row] = value;
    columns.set(key, { key, kind, from, values: next });
  }
  return [...columns.values()];
}

function same(a: Value, b: Value): boolean {
  return (
    Object.is(a, b) ||
    (Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((one, at) => one === b[at]))
  );
}
