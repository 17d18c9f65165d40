/** The table of runs: only the lines in sight are drawn; the heading and the first column stay. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { go } from "../address/address";
import { select, selected, toggle } from "../address/selection";
import type { Column, RunTable } from "../data/table";
import { useSize } from "../parts/canvas";
import { nameWidth, widthOf } from "./columns";
import type { Line } from "./group";
import { Heading } from "./heading";
import { MOST_SELECTED } from "./limits";
import { GroupLine, RunLine } from "./lines";
import type { SortKey } from "./sort";

const ROW = 30;
const OVER = 6;

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
  const name = useMemo(() => nameWidth(table, narrow), [table.ids.length, narrow]);
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
