/** Lines of the table: a run, and the heading of a group. */
import { go, link } from "../address/address";
import { isSelected, select, selected } from "../address/selection";
import type { Column, RunTable } from "../data/table";
import { runVar } from "../design/colors";
import { plural } from "../design/words";
import { Ends } from "../parts/basics";
import { Cell } from "./cells";
import { isNumeric, wordsOf } from "./columns";
import { meanOf, textOf, type Group } from "./group";
import { MOST_SELECTED } from "./limits";

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

export function RunLine({ table, columns, widths, name, place, style, here, row, id, onMark, onHere }: RunLineProps) {
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
        <a class="cut" tabIndex={-1} href={link("run", [id], {})} title={`${called} (${id})`} aria-label={called}>
          <Ends>{called}</Ends>
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

export function GroupLine({ table, columns, widths, name, place, style, here, group, open, onToggle }: GroupLineProps) {
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
