/** The table of runs: only the lines in sight are drawn; the heading and the first column stay. */
import { useEffect, useRef, useState } from "preact/hooks";
import { go, link } from "../address/address";
import { isSelected, select, selected, toggle } from "../address/selection";
import { runVar } from "../design/colors";
import type { Column, RunTable } from "../data/table";
import { plural } from "../design/words";
import { useSize } from "../parts/canvas";
import { Cell } from "./cells";
import { isNumeric, titleOf, widthOf, wordsOf } from "./columns";
import { meanOf, textOf, type Group, type Line } from "./group";
import type { SortKey } from "./sort";

const ROW = 30;
const NAME = 270;
const OVER = 6;
/** More would not be told apart, and would not fit an address. */
export const MOST_SELECTED = 500;

interface Props {
  table: RunTable;
  lines: readonly Line[];
  columns: readonly Column[];
  sort: readonly SortKey[];
  onSort: (key: string, also: boolean) => void;
  onToggleGroup: (key: string) => void;
  onActive: (row: number | null) => void;
  onEdit: () => void;
}

export function Grid({ table, lines, columns, sort, onSort, onToggleGroup, onActive, onEdit }: Props) {
  const [box, { width, height }] = useSize<HTMLDivElement>();
  const [top, setTop] = useState(0);
  const [active, setActive] = useState(0);
  const anchor = useRef(0);
  const narrow = width < 640;
  const name = narrow ? 168 : NAME;
  const widths = useWidths(columns);
  const total = name + widths.reduce((sum, one) => sum + one, 0);
  const at = Math.min(active, lines.length - 1);
  const runsIn = (from: number, to: number): string[] =>
    lines
      .slice(Math.min(from, to), Math.max(from, to) + 1)
      .flatMap((line) => (line.kind === "run" ? [table.ids[line.row] as string] : []));

  useEffect(() => {
    const line = lines[at];
    onActive(line?.kind === "run" ? line.row : null);
  }, [at, lines]);

  const move = (to: number, extend: boolean): void => {
    const next = Math.max(0, Math.min(lines.length - 1, to));
    if (extend) select([...new Set([...selected.peek(), ...runsIn(at, next)])].slice(0, MOST_SELECTED));
    else anchor.current = next;
    setActive(next);
    const element = box.current;
    if (!element) return;
    const y = next * ROW;
    if (y < element.scrollTop) element.scrollTop = y;
    else if (y + 2 * ROW > element.scrollTop + element.clientHeight)
      element.scrollTop = y + 2 * ROW + 4 - element.clientHeight;
  };
  const press = (event: KeyboardEvent): void => {
    if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor(height / ROW) - 2);
    const steps: Record<string, number> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: lines.length - 1,
    };
    const to = steps[event.key];
    const line = lines[at];
    if (to !== undefined) move(to, event.shiftKey);
    else if (event.key === " " && line?.kind === "run") toggle(table.ids[line.row] as string);
    else if (event.key === "Enter" && line?.kind === "run") go("run", [table.ids[line.row] as string], {});
    else if ((event.key === " " || event.key === "Enter") && line?.kind === "group") onToggleGroup(line.group.key);
    else if (event.key === "ArrowLeft" && line?.kind === "group" && line.open) onToggleGroup(line.group.key);
    else if (event.key === "ArrowRight" && line?.kind === "group" && !line.open) onToggleGroup(line.group.key);
    else if (event.key === "e") onEdit();
    else return;
    event.preventDefault();
  };
  const mark = (event: MouseEvent, place: number, id: string): void => {
    if (event.shiftKey)
      select([...new Set([...selected.peek(), ...runsIn(anchor.current, place)])].slice(0, MOST_SELECTED));
    else toggle(id);
    anchor.current = event.shiftKey ? anchor.current : place;
    setActive(place);
  };

  const first = Math.max(0, Math.floor(top / ROW) - OVER);
  const last = Math.min(lines.length, Math.ceil((top + height) / ROW) + OVER);
  return (
    <div
      ref={box}
      class="grid scroll"
      role="grid"
      tabIndex={0}
      aria-label="Runs"
      aria-rowcount={lines.length + 1}
      aria-colcount={columns.length + 1}
      aria-multiselectable="true"
      aria-activedescendant={lines[at] ? `line-${at}` : undefined}
      onScroll={(event) => setTop(event.currentTarget.scrollTop)}
      onKeyDown={press}
    >
      <div style={{ width: `${total}px`, minWidth: "100%", height: `${(lines.length + 1) * ROW + 4}px` }}>
        <Heading {...{ columns, widths, name, sort, onSort, lines, table }} />
        {lines.slice(first, last).map((line, offset) => {
          const place = first + offset;
          const style = { top: `${(place + 1) * ROW + 2}px`, width: `max(100%, ${total}px)` };
          const shared = { columns, widths, name, table, place, style, here: place === at };
          if (line.kind === "group") {
            return (
              <GroupLine
                key={`group ${line.group.key}`}
                {...shared}
                group={line.group}
                open={line.open}
                onToggle={onToggleGroup}
              />
            );
          }
          const id = table.ids[line.row] as string;
          return (
            <RunLine key={id} {...shared} row={line.row} id={id} onMark={mark} onHere={() => move(place, false)} />
          );
        })}
      </div>
    </div>
  );
}

function useWidths(columns: readonly Column[]): number[] {
  // Widths stay while rows come and change: a table that jumps cannot be read
  const kept = useRef(new Map<string, number>());
  return columns.map((column) => {
    const key = column.key;
    if (!kept.current.has(key)) kept.current.set(key, widthOf(column));
    return kept.current.get(key) as number;
  });
}

interface HeadingProps extends Pick<Props, "table" | "lines" | "columns" | "sort" | "onSort"> {
  widths: readonly number[];
  name: number;
}

function Heading({ columns, widths, name, sort, onSort, lines, table }: HeadingProps) {
  const shown: string[] = [];
  let more = false;
  for (const line of lines) {
    if (line.kind !== "run") continue;
    more = shown.length === MOST_SELECTED;
    if (more) break;
    shown.push(table.ids[line.row] as string);
  }
  const all = shown.length > 0 && shown.every(isSelected);
  const head = (key: string, title: string, full: string, numeric: boolean) => {
    const place = sort.findIndex((one) => one.key === key);
    const down = sort[place]?.down;
    return {
      "aria-sort": place < 0 ? ("none" as const) : down ? ("descending" as const) : ("ascending" as const),
      children: (
        <button
          type="button"
          class={numeric ? "number" : ""}
          title={`${full}: sort; with Shift also by this`}
          onClick={(event) => onSort(key, event.shiftKey)}
        >
          <span class="cut">{title}</span>
          {place >= 0 && (
            <span class="arrow" aria-hidden="true">
              {down ? "↓" : "↑"}
              {sort.length > 1 && <sub>{place + 1}</sub>}
            </span>
          )}
        </button>
      ),
    };
  };
  return (
    <div class="line head" role="row" aria-rowindex={1}>
      <div
        class="cell first"
        style={{ width: `${name}px` }}
        role="columnheader"
        aria-sort={head("name", "Run", "name", false)["aria-sort"]}
      >
        <input
          type="checkbox"
          aria-label={`Select ${more ? `the first ${MOST_SELECTED}` : "all"} in this table`}
          title={`Select ${more ? `the first ${MOST_SELECTED}` : "all"}`}
          checked={all}
          onChange={() =>
            select(
              all ? selected.peek().filter((id) => !shown.includes(id)) : [...new Set([...selected.peek(), ...shown])],
            )
          }
        />
        {head("name", "Run", "name", false).children}
      </div>
      {columns.map((column, at) => (
        <div
          key={column.key}
          class="cell"
          style={{ width: `${widths[at]}px` }}
          role="columnheader"
          {...head(column.key, titleOf(column), column.key, isNumeric(column))}
        />
      ))}
    </div>
  );
}

interface LineProps {
  table: RunTable;
  columns: readonly Column[];
  widths: readonly number[];
  name: number;
  place: number;
  style: { top: string; width: string };
  here: boolean;
}

interface RunLineProps extends LineProps {
  row: number;
  id: string;
  onMark: (event: MouseEvent, place: number, id: string) => void;
  onHere: () => void;
}

function RunLine({ table, columns, widths, name, place, style, here, row, id, onMark, onHere }: RunLineProps) {
  const chosen = isSelected(id);
  const called = textOf(table.at("name", row) || id);
  const pinned = table.at("pinned", row) === true;
  return (
    <div
      id={`line-${place}`}
      class={`line run${here ? " here" : ""}${table.at("hidden", row) === true ? " hidden" : ""}`}
      style={style}
      role="row"
      aria-rowindex={place + 2}
      aria-selected={chosen}
      onClick={onHere}
      onDblClick={() => go("run", [id], {})}
    >
      <div class="cell first" style={{ width: `${name}px` }} role="rowheader">
        <input
          type="checkbox"
          tabIndex={-1}
          checked={chosen}
          aria-label={`Select ${called}`}
          onClick={(event) => {
            event.stopPropagation();
            onMark(event, place, id);
          }}
        />
        <span class="swatch" style={{ background: chosen ? runVar(id) : "transparent" }} />
        {pinned && (
          <span title="Pinned" aria-label="Pinned" class="pin">
            ▲
          </span>
        )}
        <a class="cut" tabIndex={-1} href={link("run", [id], {})} title={`${called} (${id})`}>
          {called}
        </a>
      </div>
      {columns.map((column, at) => (
        <div
          key={column.key}
          class={`cell${isNumeric(column) ? " number" : ""}`}
          style={{ width: `${widths[at]}px` }}
          role="gridcell"
        >
          <Cell column={column} value={column.values[row] ?? null} table={table} row={row} />
        </div>
      ))}
    </div>
  );
}

interface GroupLineProps extends LineProps {
  group: Group;
  open: boolean;
  onToggle: (key: string) => void;
}

function GroupLine({ table, columns, widths, name, place, style, here, group, open, onToggle }: GroupLineProps) {
  const ids = group.rows.map((row) => table.ids[row] as string);
  const all = ids.every(isSelected);
  return (
    <div
      id={`line-${place}`}
      class={`line group${here ? " here" : ""}`}
      style={style}
      role="row"
      aria-rowindex={place + 2}
      aria-expanded={open}
      onClick={() => onToggle(group.key)}
    >
      <div class="cell first" style={{ width: `${name}px` }} role="rowheader">
        <input
          type="checkbox"
          tabIndex={-1}
          checked={all}
          aria-label={`Select the group ${group.key}`}
          onClick={(event) => {
            event.stopPropagation();
            const others = selected.peek().filter((id) => !ids.includes(id));
            select(all ? others : [...selected.peek(), ...ids].slice(0, MOST_SELECTED));
          }}
        />
        <span aria-hidden="true">{open ? "▾" : "▸"}</span>
        <span class="cut" title={group.key}>
          {group.key}
        </span>
        <span class="muted">{plural(group.rows.length, "run")}</span>
      </div>
      {columns.map((column, at) => {
        const mean = isNumeric(column) ? meanOf(column, group.rows) : null;
        return (
          <div
            key={column.key}
            class="cell number"
            style={{ width: `${widths[at]}px` }}
            role="gridcell"
            title={mean ? `mean of ${plural(mean.of, "run")}: ${mean.mean}` : undefined}
          >
            {mean && <span class="mean">{wordsOf(column, mean.mean)}</span>}
          </div>
        );
      })}
    </div>
  );
}
