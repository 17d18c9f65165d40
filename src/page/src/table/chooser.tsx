/** Which columns, in which order: a list to search, with drag or keys to order what is chosen. */
import { useState } from "preact/hooks";
import { runs } from "../data/runs";
import { Button, Check } from "../parts/basics";
import { titleOf } from "./columns";

interface Props {
  chosen: readonly string[];
  onChange: (keys: string[] | null) => void;
}

const MOST = 100;

export function moved(keys: readonly string[], from: number, to: number): string[] {
  const next = [...keys];
  const [key] = next.splice(from, 1);
  if (key !== undefined) next.splice(Math.max(0, Math.min(next.length, to)), 0, key);
  return next;
}

export function Chooser({ chosen, onChange }: Props) {
  const [search, setSearch] = useState("");
  const [dragged, setDragged] = useState<number | null>(null);
  const low = search.toLowerCase();
  const others = [...runs.value.columns.values()].filter(
    ({ key }) => key !== "name" && !chosen.includes(key) && key.toLowerCase().includes(low),
  );
  const press = (event: KeyboardEvent, at: number): void => {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const to = Math.max(0, Math.min(chosen.length - 1, at + step));
    if (event.altKey) onChange(moved(chosen, at, to));
    const list = (event.currentTarget as HTMLElement).parentElement;
    requestAnimationFrame(() => (list?.children[to] as HTMLElement | undefined)?.focus());
  };
  return (
    <div class="stack chooser">
      <input
        class="input"
        type="search"
        placeholder="Search columns"
        aria-label="Search columns"
        value={search}
        onInput={(event) => setSearch(event.currentTarget.value)}
      />
      <ul aria-label="Chosen columns; Alt with arrow keys moves one">
        {chosen.map((key, at) => {
          const column = runs.value.columns.get(key);
          if (!key.toLowerCase().includes(low)) return null;
          return (
            <li
              key={key}
              tabIndex={0}
              draggable
              class={dragged === at ? "dragged" : ""}
              onKeyDown={(event) => press(event, at)}
              onDragStart={() => setDragged(at)}
              onDragEnd={() => setDragged(null)}
              onDragOver={(event) => {
                event.preventDefault();
                if (dragged === null || dragged === at) return;
                onChange(moved(chosen, dragged, at));
                setDragged(at);
              }}
            >
              <span class="grip" aria-hidden="true">
                ⋮⋮
              </span>
              <span class="grow cut">
                <Check
                  label={column ? titleOf(column) : key}
                  checked
                  onChange={() => onChange(chosen.filter((one) => one !== key))}
                />
              </span>
            </li>
          );
        })}
      </ul>
      <ul aria-label="Other columns">
        {others.slice(0, MOST).map((column) => (
          <li key={column.key} title={column.key}>
            <span class="grow cut">
              <Check label={titleOf(column)} checked={false} onChange={() => onChange([...chosen, column.key])} />
            </span>
            <span class="faint">{column.from === "run" ? "" : column.from}</span>
          </li>
        ))}
      </ul>
      {others.length > MOST && <p class="faint">and {others.length - MOST} more: search for them</p>}
      <Button onClick={() => onChange(null)}>The standard columns</Button>
    </div>
  );
}
