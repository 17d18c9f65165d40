/** Nested values as a tree that folds; with a search, what fits as a list. */
import { useState } from "preact/hooks";
import { plural } from "../design/words";
import { Copy } from "../parts/copy";
import { flat, shownValue, type Json } from "./detail";

const MOST = 500;

export function Tree({ value, label }: { value: Record<string, Json>; label: string }) {
  const [search, setSearch] = useState("");
  const all = flat(value);
  const low = search.toLowerCase();
  const found = all.filter(([key, one]) => `${key} = ${shownValue(one)}`.toLowerCase().includes(low));
  if (all.length === 0) return <p class="muted">None was logged.</p>;
  return (
    <div class="stack">
      <div class="row">
        <input
          class="input grow"
          type="search"
          placeholder={`Search ${plural(all.length, "value")}`}
          aria-label={`Search ${label}`}
          value={search}
          onInput={(event) => setSearch(event.currentTarget.value)}
        />
        <Copy label="Copy" text={() => all.map(([key, one]) => `${key}: ${shownValue(one)}`).join("\n")} />
      </div>
      {search === "" ? (
        <Branch value={value} />
      ) : found.length === 0 ? (
        <p class="muted">Nothing there has “{search}” in it.</p>
      ) : (
        <Pairs rows={found} />
      )}
    </div>
  );
}

function Branch({ value }: { value: Record<string, Json> }) {
  return (
    <ul class="tree">
      {Object.entries(value).map(([key, inner]) => (
        <li key={key}>
          {typeof inner === "object" && inner !== null && !Array.isArray(inner) && Object.keys(inner).length > 0 ? (
            <details open>
              <summary>{key}</summary>
              <Branch value={inner} />
            </details>
          ) : (
            <Leaf name={key} value={inner} />
          )}
        </li>
      ))}
    </ul>
  );
}

function Leaf({ name, value }: { name: string; value: Json }) {
  return (
    <span class="leaf">
      <span class="muted">{name}</span>
      <code class={value === null ? "faint" : ""}>{shownValue(value)}</code>
    </span>
  );
}

/** Keys and values side by side. */
export function Pairs({ rows }: { rows: readonly (readonly [string, Json])[] }) {
  return (
    <>
      <table class="plain pairs">
        <tbody>
          {rows.slice(0, MOST).map(([key, value]) => (
            <tr key={key}>
              <th scope="row">{key}</th>
              <td>
                <code>{shownValue(value)}</code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > MOST && <p class="faint">and {rows.length - MOST} more: search for them</p>}
    </>
  );
}
