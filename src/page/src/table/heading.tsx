/** The heading of the table: what sorts, and the box that selects all. */
import { isSelected, select, selected } from "../address/selection";
import type { Column, RunTable } from "../data/table";
import { isNumeric, titleOf } from "./columns";
import type { Line } from "./group";
import { MOST_SELECTED } from "./limits";
import type { SortKey } from "./sort";

interface HeadingProps {
  table: RunTable;
  lines: readonly Line[];
  columns: readonly Column[];
  sort: readonly SortKey[];
  onSort: (key: string, also: boolean) => void;
  widths: readonly number[];
  name: number;
}

export function Heading({ columns, widths, name, sort, onSort, lines, table }: HeadingProps) {
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
