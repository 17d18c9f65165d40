/** One cell of the table of runs. */
import type { Column, RunTable, Value } from "../data/table";
import { Chip, Progress, State } from "../parts/basics";
import { wordsOf } from "./columns";

export function Cell({ column, value, table, row }: { column: Column; value: Value; table: RunTable; row: number }) {
  if (value === null || (Array.isArray(value) && value.length === 0)) return <span class="faint">–</span>;
  if (column.key === "state") return <StateCell state={String(value)} progress={table.at("progress", row)} />;
  if (column.key === "progress" && typeof value === "number") return <Progress value={value} label="Progress" />;
  if (column.kind === "list" && Array.isArray(value)) {
    return (
      <span class="row cut" title={value.join(", ")}>
        {value.map((tag) => (
          <Chip>{tag}</Chip>
        ))}
      </span>
    );
  }
  const words = wordsOf(column, value);
  return (
    <span class="cut" title={typeof value === "number" ? String(column.kind === "time" ? words : value) : words}>
      {words}
    </span>
  );
}

function StateCell({ state, progress }: { state: string; progress: Value }) {
  return (
    <span class="row state">
      <State state={state} />
      {state === "running" && typeof progress === "number" && (
        <>
          <Progress value={progress} label="Progress" />
          <span class="muted">{Math.floor(progress * 100)} %</span>
        </>
      )}
    </span>
  );
}
