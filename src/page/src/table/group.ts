/** Rows under headings: runs that agree in some columns. */
import type { Column, RunTable, Value } from "../data/table";
import { logged } from "../design/words";

export interface Group {
  /** Stands for the group in the address. */
  key: string;
  /** One value for each column that groups. */
  values: Value[];
  rows: number[];
}

export function textOf(value: Value): string {
  if (typeof value === "number" && !Number.isFinite(value)) return logged(value);
  return value === null ? "–" : Array.isArray(value) ? value.join(", ") : String(value);
}

/** Groups in the order in which their first row comes. */
export function grouped(rows: readonly number[], keys: readonly string[], table: RunTable): Group[] {
  const columns = keys.map((key) => table.columns.get(key));
  const groups = new Map<string, Group>();
  for (const row of rows) {
    const values = columns.map((column) => column?.values[row] ?? null);
    const key = values.map(textOf).join(" · ");
    const group = groups.get(key);
    if (group) group.rows.push(row);
    else groups.set(key, { key, values, rows: [row] });
  }
  return [...groups.values()];
}

export interface Mean {
  mean: number;
  /** Runs that have a number here. */
  of: number;
}

/** The mean of a column over rows; null where no row has a number. */
export function meanOf(column: Column, rows: readonly number[]): Mean | null {
  let sum = 0;
  let of = 0;
  for (const row of rows) {
    const value = column.values[row];
    if (typeof value !== "number" || Number.isNaN(value)) continue;
    sum += value;
    of++;
  }
  return of === 0 ? null : { mean: sum / of, of };
}

export type Line = { kind: "group"; group: Group; open: boolean } | { kind: "run"; row: number };

/** What the table shows, line by line. */
export function lines(groups: readonly Group[], closed: ReadonlySet<string>): Line[] {
  return groups.flatMap((group): Line[] => {
    const open = !closed.has(group.key);
    const heading: Line = { kind: "group", group, open };
    return open ? [heading, ...group.rows.map((row): Line => ({ kind: "run", row }))] : [heading];
  });
}
