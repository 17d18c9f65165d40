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

/** Changes by run. */
export type Edits = ReadonlyMap<string, Edit>;

export function forAll(ids: readonly string[], change: Edit): Edits {
  return new Map(ids.map((id) => [id, change]));
}

/** Shown at once; the server keeps all of them or none, and its refusal is thrown. What it keeps comes with the next update. */
export async function edit(edits: Edits): Promise<void> {
  const before = runs.peek();
  runs.value = withEdits(before, edits);
  try {
    await send("/api/notes", { notes: [...edits].map(([run, change]) => ({ run, ...change })) });
  } catch (error) {
    runs.value = takenBack(runs.peek(), before, edits);
    throw error;
  }
}

export function withEdits(table: RunTable, edits: Edits): RunTable {
  return changed(table, edits, (_, __, edited) => edited);
}

/** The table with what the edits changed as it was before them; what came meanwhile stays. */
export function takenBack(now: RunTable, before: RunTable, edits: Edits): RunTable {
  return changed(now, edits, (key, id, edited) =>
    now.value(key, id) === edited ? before.value(key, id) : now.value(key, id),
  );
}

function changed(table: RunTable, edits: Edits, next: (key: keyof Edit, id: string, edited: Value) => Value): RunTable {
  const columns = new Map(table.columns);
  for (const key of Object.keys(KINDS) as (keyof Edit)[]) {
    const column = columns.get(key) ?? { key, ...KINDS[key], values: table.ids.map((): Value => null) };
    const values = [...column.values];
    let any = false;
    for (const [id, change] of edits) {
      const row = table.rowOf.get(id);
      const edited = change[key];
      if (row === undefined || edited === undefined) continue;
      values[row] = next(key, id, edited);
      any = true;
    }
    if (any) columns.set(key, { ...column, values });
  }
  return new RunTable(table.version, table.ids, [...columns.values()], table.metrics, table.system);
}

/** The text of rows for a spreadsheet: headings, then a line for each run, tabs between. */
export function asText(table: RunTable, rows: readonly number[], keys: readonly string[]): string {
  const clean = (value: Value): string => (value === null ? "" : String(value)).replace(/[\t\n\r]+/g, " ");
  const all = ["id", "name", ...keys.filter((key) => key !== "id" && key !== "name")];
  return [all.join("\t"), ...rows.map((row) => all.map((key) => clean(table.at(key, row))).join("\t"))].join("\n");
}
