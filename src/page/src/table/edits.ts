/** Tags, notes, pins and hidden runs: kept by the board beside its cache, never in the runs. */
import { runs } from "../data/runs";
import { RunTable, type Column, type Value } from "../data/table";
import { send } from "../data/ask";

export interface Edit {
  tags?: string[];
  note?: string;
  pinned?: boolean;
  hidden?: boolean;
}

const KINDS: Record<keyof Edit, Pick<Column, "kind" | "from">> = {
  tags: { kind: "list", from: "run" },
  note: { kind: "text", from: "note" },
  pinned: { kind: "bool", from: "note" },
  hidden: { kind: "bool", from: "note" },
};

/** Shown at once; the server's refusal is thrown, and what it keeps comes with the next update. */
export async function edit(ids: readonly string[], change: Edit): Promise<void> {
  const before = runs.peek();
  runs.value = withEdit(before, ids, change);
  try {
    for (const run of ids) await send("/api/notes", { run, ...change });
  } catch (error) {
    runs.value = before;
    throw error;
  }
}

export function withEdit(table: RunTable, ids: readonly string[], change: Edit): RunTable {
  const columns = new Map(table.columns);
  for (const [key, value] of Object.entries(change) as [keyof Edit, Value][]) {
    const column = columns.get(key) ?? { key, ...KINDS[key], values: table.ids.map((): Value => null) };
    const values = [...column.values];
    for (const id of ids) {
      const row = table.rowOf.get(id);
      if (row !== undefined) values[row] = value;
    }
    columns.set(key, { ...column, values });
  }
  return new RunTable(table.version, table.ids, [...columns.values()], table.metrics, table.system);
}

/** The text of rows for a spreadsheet: headings, then a line for each run, tabs between. */
export function asText(table: RunTable, rows: readonly number[], keys: readonly string[]): string {
  const clean = (value: Value): string => (value === null ? "" : String(value)).replace(/[\t\n\r]+/g, " ");
  const all = ["id", "name", ...keys.filter((key) => key !== "id" && key !== "name")];
  return [all.join("\t"), ...rows.map((row) => all.map((key) => clean(table.at(key, row))).join("\t"))].join("\n");
}
