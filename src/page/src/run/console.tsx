/** What a run printed: any number of lines, of which those in sight are fetched and drawn. */
import { useEffect, useRef, useState } from "preact/hooks";
import { ask } from "../data/ask";
import { plural } from "../design/words";
import { Button, Check, Failure } from "../parts/basics";
import { useSize } from "../parts/canvas";
import { Copy } from "../parts/copy";
import { plainLine } from "./detail";

interface Page {
  lines: string[];
  next: number;
  total: number;
  left_out: number;
}

const LINE = 18;
const OVER = 20;
const PAGE = 500;

/** Lines by their number, fetched in pages as they come into sight. `version` says that there are more. */
function useLines(id: string, from: number, to: number, version: number) {
  const lines = useRef(new Map<number, string>());
  const asked = useRef(new Set<number>());
  const [total, setTotal] = useState<number | null>(null);
  const [leftOut, setLeftOut] = useState(0);
  const before = useRef(0);
  const [error, setError] = useState<string | null>(null);
  const [, came] = useState(0);
  useEffect(() => {
    // Only the last page can have grown
    if (total !== null) asked.current.delete(Math.floor(total / PAGE) * PAGE);
  }, [version]);
  useEffect(() => {
    const cancel = new AbortController();
    for (let page = Math.floor(from / PAGE) * PAGE; page <= to; page += PAGE) {
      if (asked.current.has(page)) continue;
      asked.current.add(page);
      ask<Page>(`/api/run/${encodeURIComponent(id)}/console`, { from: page > 0 ? page : null }, cancel.signal).then(
        (answer) => {
          if (answer.left_out !== before.current) {
            // More of the beginning went, so that all lines have other numbers
            before.current = answer.left_out;
            lines.current.clear();
            asked.current = new Set([page]);
            setLeftOut(answer.left_out);
          }
          answer.lines.forEach((line, at) => lines.current.set(page + at, plainLine(line)));
          // The server may give more than a page
          for (let full = page + PAGE; full + PAGE <= answer.next; full += PAGE) asked.current.add(full);
          setTotal(answer.total);
          came((times) => times + 1);
          setError(null);
        },
        (failure: Error) => {
          asked.current.delete(page);
          if (!cancel.signal.aborted) setError(failure.message);
        },
      );
    }
    return () => cancel.abort();
  }, [id, Math.floor(from / PAGE), Math.floor(to / PAGE), version, leftOut]);
  return { lines: lines.current, total, leftOut, error };
}

export function Console({ id, live, version }: { id: string; live: boolean; version: number }) {
  const [box, { height }] = useSize<HTMLDivElement>();
  const [top, setTop] = useState(0);
  const [follow, setFollow] = useState(live);
  const first = Math.max(0, Math.floor(top / LINE) - OVER);
  const last = Math.ceil((top + height) / LINE) + OVER;
  const { lines, total, leftOut, error } = useLines(id, first, last, version);
  const toEnd = (): void => {
    if (box.current) box.current.scrollTop = box.current.scrollHeight;
  };
  useEffect(() => {
    if (follow) requestAnimationFrame(toEnd);
  }, [follow, total, height]);
  const end = total ?? 0;
  const shown = Array.from({ length: Math.max(0, Math.min(last, end) - first) }, (_, at) => first + at);
  return (
    <div class="stack fill">
      <div class="row wrap">
        <span class="muted">
          {total === null ? "Reading …" : plural(end, "line")}
          {leftOut > 0 && `, after ${plural(leftOut, "piece")} of output that ${leftOut > 1 ? "are" : "is"} left out`}
        </span>
        <span class="grow" />
        <Check label="stay at the end" checked={follow} onChange={setFollow} />
        <Button onClick={() => box.current && (box.current.scrollTop = 0)}>To the beginning</Button>
        <Button onClick={toEnd}>To the end</Button>
        <Copy
          label="Copy what is loaded"
          text={() =>
            [...lines]
              .sort(([a], [b]) => a - b)
              .map(([, line]) => line)
              .join("\n")
          }
        />
      </div>
      {error && <Failure>{error}</Failure>}
      {total === 0 && <p class="muted">The run has printed nothing, or its console was not captured.</p>}
      <div
        ref={box}
        class="console scroll"
        tabIndex={0}
        role="log"
        aria-label="Console"
        aria-live="off"
        onScroll={(event) => {
          const element = event.currentTarget;
          setTop(element.scrollTop);
          if (follow && element.scrollTop + element.clientHeight < element.scrollHeight - 3 * LINE) setFollow(false);
        }}
      >
        <div style={{ height: `${end * LINE}px` }}>
          <pre style={{ top: `${first * LINE}px` }}>
            {shown.map((at) => (
              <div key={at}>
                <span class="faint">{at + 1}</span>
                {lines.get(at) ?? "…"}
              </div>
            ))}
          </pre>
        </div>
      </div>
    </div>
  );
}
