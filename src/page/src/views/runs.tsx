/** The table of runs: filter, order, groups, columns, marks. */
import { useMemo, useState } from "preact/hooks";
import { choice, choices, go, link, setChoices, setQuery } from "../address/address";
import { select, selected } from "../address/selection";
import { frozen } from "../data/frozen";
import { board, connected } from "../data/live";
import { runs, runsLoaded } from "../data/runs";
import type { Column, RunTable } from "../data/table";
import { count, plural } from "../design/words";
import { compile, lacking } from "../filter/match";
import { FilterError } from "../filter/tokens";
import { useKeys } from "../keyboard";
import { Button, Check, Empty, Failure } from "../parts/basics";
import { copy, Copy } from "../parts/copy";
import { Popover } from "../parts/popover";
import { Chooser } from "../table/chooser";
import { isNumeric, standardColumns, titleOf } from "../table/columns";
import { asText, edit, forAll, type Edit } from "../table/edits";
import { Editor } from "../table/editor";
import { FilterBar } from "../table/filterbar";
import { Grid } from "../table/grid";
import { grouped, lines, type Line } from "../table/group";
import { clicked, readSort, sorted, writeSort } from "../table/sort";
import "../table/table.css";

/** Rows that pass the filter; all of them while it cannot be read. Pinned ones come first. */
function shownRows(table: RunTable, filter: string, sort: readonly string[], hidden: boolean): number[] {
  let match = (_: number): boolean => true;
  try {
    match = compile(filter, table);
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
  }
  const found = table.ids
    .map((_, row) => row)
    .filter((row) => (hidden || table.at("hidden", row) !== true) && match(row));
  const rows = sorted(found, readSort(sort), table);
  const pinned = (row: number): boolean => table.at("pinned", row) === true;
  return rows.some(pinned) ? [...rows.filter(pinned), ...rows.filter((row) => !pinned(row))] : rows;
}

export function Runs() {
  const table = runs.value;
  const filter = choice("filter");
  const sort = choices("sort");
  const asked = choices("group");
  const group = asked.filter((key) => table.columns.has(key));
  const lost = asked.filter((key) => !table.columns.has(key));
  const closed = choices("closed");
  const hidden = choice("show") === "hidden";
  const standard = useMemo(() => standardColumns(table), [table.columns.size, table.ids.length]);
  const keys = choices("cols", standard);
  const columns = keys.map((key) => table.columns.get(key)).filter((column): column is Column => column !== undefined);
  const rows = useMemo(() => shownRows(table, filter, sort, hidden), [table, filter, sort.join(), hidden]);
  const list = useMemo(
    (): Line[] =>
      group.length > 0
        ? lines(grouped(rows, group, table), new Set(closed))
        : rows.map((row): Line => ({ kind: "run", row })),
    [rows, group.join(), closed.join()],
  );
  const [active, setActive] = useState<number | null>(null);
  const [editing, setEditing] = useState<readonly string[] | null>(null);
  const [error, setError] = useState<string | null>(null);
  const activeId = active === null ? null : (table.ids[active] ?? null);
  const mark = (ids: readonly string[], change: Edit): void => {
    setError(null);
    edit(forAll(ids, change)).catch((failure: Error) => setError(failure.message));
  };
  const flip = (key: "pinned" | "hidden"): void => {
    if (activeId && !frozen) mark([activeId], { [key]: table.value(key, activeId) !== true });
  };
  const toGrid = (): void => document.querySelector<HTMLElement>("[role=grid]")?.focus();
  useKeys([
    { key: "/", does: "go to the filter", act: () => document.getElementById("filter")?.focus() },
    { key: "g", does: "go to the table", act: toGrid },
    { key: "↑ ↓", does: "move in the table; with Shift select on the way" },
    { key: " ", does: "select the run, open or close the group" },
    { key: "Enter", does: "open the run" },
    { key: "e", does: "tags and note of the run", act: () => activeId && !frozen && setEditing([activeId]) },
    { key: "p", does: "pin the run on top", act: () => flip("pinned") },
    { key: "h", does: "hide the run", act: () => flip("hidden") },
    { key: "c", does: "copy the run's row", act: () => active !== null && void copy(asText(table, [active], keys)) },
    { key: "v", does: "curves of the selected runs", act: () => go("curves") },
    { key: "x", does: "select none", act: () => select([]) },
  ]);

  if (!runsLoaded.value) return connected.value ? <p class="view muted">Reading the runs …</p> : <div class="view" />;
  if (table.ids.length === 0) return <NoRuns />;
  const groupable = [...table.columns.values()].filter((column) => !isNumeric(column) || column.from === "config");
  return (
    <div class="view fixed runs">
      <div class="row wrap tools">
        <FilterBar value={filter} onChange={(text) => setQuery({ filter: text }, true)} />
        <Popover
          label={group.length > 0 ? `Grouped by ${group.map(short).join(", ")}` : "Group"}
          title={group.length > 0 ? `Grouped by ${group.map(short).join(", ")}: group runs` : "Group runs"}
        >
          {() => (
            <Grouping
              columns={groupable}
              chosen={asked}
              onChange={(next) => (setQuery({ closed: null }, true), setChoices("group", next))}
            />
          )}
        </Popover>
        <Popover label="Columns" align="right">
          {() => (
            <Chooser chosen={keys} onChange={(next) => (next ? setChoices("cols", next) : setQuery({ cols: null }))} />
          )}
        </Popover>
      </div>
      <Summary rows={rows} table={table} hidden={hidden} columns={keys} onTag={setEditing} onMark={mark} />
      {error && <Failure>{error}</Failure>}
      {lost.map((key) => (
        <p class="notice row wrap" role="status">
          Not grouped: {lacking(key, table)}
          <Button
            onClick={() =>
              setChoices(
                "group",
                asked.filter((one) => one !== key),
              )
            }
          >
            Leave it out
          </Button>
        </p>
      ))}
      {list.length === 0 ? (
        <Empty title="No run passes the filter">
          {plural(table.ids.length, "run")} {table.ids.length === 1 ? "is" : "are"} there.{" "}
          <Button onClick={() => setQuery({ filter: null })}>Clear the filter</Button>
        </Empty>
      ) : (
        <Grid
          table={table}
          lines={list}
          columns={columns}
          sort={readSort(sort)}
          onSort={(key, also) => {
            const column = table.columns.get(key);
            const first = column !== undefined && (column.kind === "number" || column.kind === "time");
            setChoices("sort", writeSort(clicked(readSort(sort), key, first, also)));
          }}
          onToggleGroup={(key) =>
            setChoices("closed", closed.includes(key) ? closed.filter((one) => one !== key) : [...closed, key], true)
          }
          onActive={setActive}
          onEdit={() => activeId && !frozen && setEditing([activeId])}
        />
      )}
      {editing && <Editor ids={editing} onClose={() => setEditing(null)} />}
    </div>
  );
}

function short(key: string): string {
  return key.replace(/^config\./, "");
}

function NoRuns() {
  return (
    <div class="view">
      <Empty title="No runs here yet">
        {board.value ? `${board.value.folder} holds no W&B log (run-….wandb). ` : ""}Runs appear by themselves as soon
        as one starts: <code>kirie train</code>, or any program that logs with wandb into this folder.
      </Empty>
    </div>
  );
}

interface SummaryProps {
  table: RunTable;
  rows: readonly number[];
  hidden: boolean;
  columns: readonly string[];
  onTag: (ids: readonly string[]) => void;
  onMark: (ids: readonly string[], change: Edit) => void;
}

/** How many there are, and what can be done with the selected ones. */
function Summary({ table, rows, hidden, columns, onTag, onMark }: SummaryProps) {
  const ids = selected.value;
  const away = useMemo(
    () => table.columns.get("hidden")?.values.filter((value) => value === true).length ?? 0,
    [table],
  );
  const chosen = (): number[] => ids.map((id) => table.rowOf.get(id)).filter((row) => row !== undefined);
  const allAre = (key: "pinned" | "hidden"): boolean => ids.every((id) => table.value(key, id) === true);
  return (
    <div class="row wrap summary">
      <span class="muted" role="status">
        {rows.length === table.ids.length
          ? plural(rows.length, "run")
          : `${count(rows.length)} of ${plural(table.ids.length, "run")}`}
      </span>
      {(away > 0 || hidden) && (
        <Check
          label={`show ${away} hidden`}
          checked={hidden}
          onChange={(on) => setQuery({ show: on ? "hidden" : null })}
        />
      )}
      <span class="grow" />
      {ids.length > 0 && (
        <>
          <a class="button main" href={link("curves")}>
            Curves of {count(ids.length)}
          </a>
          {ids.length === 2 && (
            <a class="button" href={link("difference", [], { a: ids[0] as string, b: ids[1] as string })}>
              Differences
            </a>
          )}
          {!frozen && (
            <>
              <Button onClick={() => onTag(ids)}>Tag …</Button>
              <Button onClick={() => onMark(ids, { pinned: !allAre("pinned") })}>
                {allAre("pinned") ? "Unpin" : "Pin"}
              </Button>
              <Button onClick={() => onMark(ids, { hidden: !allAre("hidden") })}>
                {allAre("hidden") ? "Show" : "Hide"}
              </Button>
            </>
          )}
          <Button onClick={() => select([])}>Select none</Button>
        </>
      )}
      <Popover label="Copy" align="right">
        {() => (
          <div class="stack tight">
            <Copy label="Link to this view" text={() => location.href} />
            <Copy label="Shown rows, for a spreadsheet" text={() => asText(table, rows, columns)} />
            {ids.length > 0 && (
              <Copy label="Selected rows, for a spreadsheet" text={() => asText(table, chosen(), columns)} />
            )}
          </div>
        )}
      </Popover>
    </div>
  );
}

interface GroupingProps {
  columns: readonly Column[];
  chosen: readonly string[];
  onChange: (keys: string[]) => void;
}

function Grouping({ columns, chosen, onChange }: GroupingProps) {
  const [search, setSearch] = useState("");
  const found = columns.filter(({ key }) => !chosen.includes(key) && key.toLowerCase().includes(search.toLowerCase()));
  return (
    <div class="stack chooser">
      <input
        class="input"
        type="search"
        placeholder="Search columns"
        aria-label="Search columns to group by"
        value={search}
        onInput={(event) => setSearch(event.currentTarget.value)}
      />
      <ul>
        {chosen.map((key) => (
          <li key={key}>
            <Check label={short(key)} checked onChange={() => onChange(chosen.filter((one) => one !== key))} />
          </li>
        ))}
        {found.slice(0, 60).map((column) => (
          <li key={column.key} title={column.key}>
            <Check label={titleOf(column)} checked={false} onChange={() => onChange([...chosen, column.key])} />
          </li>
        ))}
      </ul>
    </div>
  );
}
