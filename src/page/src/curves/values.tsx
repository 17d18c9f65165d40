/** The lines of a chart as a list, with their values at the cursor; without one, the last. */
import { useEffect, useRef } from "preact/hooks";
import { choice, setQuery } from "../address/address";
import { fullNameOf } from "../data/runs";
import type { XAxis } from "../data/curves";
import { count, number } from "../design/words";
import { extent, nearest } from "./extent";
import { Ends } from "../parts/basics";
import type { Drawn } from "./lines";
import { Piece } from "./marker";
import { shortWords, xWords } from "./places";
import { cursorAt, digits, pointed } from "./plot";

/** Rows in sight; more would take the place of the next chart. */
const ROWS = { small: 6, large: 9 };

interface Props {
  lines: readonly Drawn[];
  axis: XAxis;
  large: boolean;
}

export function Values({ lines, axis, large }: Props) {
  const at = cursorAt.value;
  const marked = pointed.value;
  const list = useRef<HTMLDivElement>(null);
  const most = ROWS[large ? "large" : "small"];
  const all = choice("list") === "all";
  const full = extent(lines.map(({ x }) => x));
  const span = full ? full.high - full.low : 0;
  useEffect(() => reveal(list.current), [marked]);
  return (
    <>
      <div ref={list} class={`values scroll ${axis}`} style={all ? {} : { maxHeight: `calc(${most} * var(--line))` }}>
        <table aria-label={at === null ? "Last values" : "Values at the cursor"}>
          <tbody>
            {lines.map((line) => (
              <Row key={line.id} {...{ line, at, axis, span }} marked={marked === line.id} />
            ))}
          </tbody>
        </table>
      </div>
      {lines.length > most && (
        <p class="rest row faint">
          <span class="grow">
            {all ? `all ${count(lines.length)} lines` : `${most} of ${count(lines.length)} lines in sight`}
          </span>
          <button
            type="button"
            class="button quiet"
            aria-pressed={all}
            onClick={() => setQuery({ list: all ? null : "all" })}
          >
            {all ? "Fewer" : "Show all"}
          </button>
        </p>
      )}
    </>
  );
}

/** The row of the line under the pointer comes into sight; the page itself stays where it is. */
function reveal(list: HTMLElement | null): void {
  const row = list?.querySelector<HTMLElement>("tr.marked");
  if (!list || !row || list.matches(":hover")) return;
  const { top, bottom } = list.getBoundingClientRect();
  const own = row.getBoundingClientRect();
  if (own.top < top) list.scrollTop -= top - own.top;
  else if (own.bottom > bottom) list.scrollTop += own.bottom - bottom;
}

interface RowProps {
  line: Drawn;
  at: number | null;
  axis: XAxis;
  /** From the first to the last place of all lines. */
  span: number;
  marked: boolean;
}

function Row({ line, at, axis, span, marked }: RowProps) {
  const place = at === null ? line.x.length - 1 : nearest(line.x, at);
  const x = line.x[place] as number;
  const raw = line.raw?.[place];
  const value = line.y[place];
  const name = line.name ?? fullNameOf(line.id);
  return (
    <tr
      class={marked ? "marked" : ""}
      onMouseEnter={() => (pointed.value = line.id)}
      onMouseLeave={() => (pointed.value = null)}
    >
      <td class="mark">
        <Piece {...line} />
      </td>
      <td class="cut name" title={name}>
        <Ends>{name}</Ends>
        {line.many > 1 && <span class="muted"> ×{line.many}</span>}
      </td>
      <td class="number" title={`exactly ${value}`}>
        {marked ? digits(value) : number(value)}
      </td>
      <td class="number muted">
        {line.band
          ? `${number(line.band.low[place])} … ${number(line.band.high[place])}`
          : raw === undefined
            ? ""
            : `(${number(raw)})`}
      </td>
      <td class="number faint" title={xWords(x, axis)}>
        {shortWords(x, axis, span)}
      </td>
    </tr>
  );
}
