/** Which metrics: searched, by their first word. */
import { useState } from "preact/hooks";
import type { MetricKey } from "../data/table";
import { count, plural } from "../design/words";
import { Button, Check } from "../parts/basics";

interface Props {
  all: readonly MetricKey[];
  chosen: readonly string[];
  onChange: (keys: string[]) => void;
}

const MOST = 300;

export function headOf(key: string): string {
  const slash = key.indexOf("/");
  return slash < 0 ? "" : key.slice(0, slash);
}

const HEADS = ["val", "train", "test"];

function order(head: string): number {
  const at = HEADS.indexOf(head);
  return at < 0 ? HEADS.length : at;
}

export function Metrics({ all, chosen, onChange }: Props) {
  const [search, setSearch] = useState("");
  const words = search.toLowerCase().split(/\s+/);
  const found = all.filter(({ key }) => words.every((word) => key.toLowerCase().includes(word)));
  const heads = [...new Set(found.map(({ key }) => headOf(key)))].sort((a, b) => order(a) - order(b));
  const keys = found.map(({ key }) => key);
  return (
    <div class="stack metrics">
      <input
        class="input"
        type="search"
        placeholder={`Search ${count(all.length)} metrics`}
        aria-label="Search metrics"
        value={search}
        onInput={(event) => setSearch(event.currentTarget.value)}
      />
      {search !== "" && keys.length > 0 && keys.length <= 60 && (
        <Button onClick={() => onChange([...new Set([...chosen, ...keys])])}>Add all {keys.length}</Button>
      )}
      <div class="list scroll">
        {heads.map((head) => (
          <fieldset key={head}>
            <legend>{head || "others"}</legend>
            {found
              .filter(({ key }) => headOf(key) === head)
              .slice(0, MOST)
              .map(({ key, runs }) => (
                <div class="row" title={`${key}: in ${plural(runs, "selected run")}`} key={key}>
                  <Check
                    label={head ? key.slice(head.length + 1) : key}
                    checked={chosen.includes(key)}
                    onChange={(on) => onChange(on ? [...chosen, key] : chosen.filter((one) => one !== key))}
                  />
                  <span class="grow" />
                  <span class="faint">{count(runs)}</span>
                </div>
              ))}
          </fieldset>
        ))}
        {found.length === 0 && <p class="muted">No metric has “{search}” in its name.</p>}
      </div>
      {chosen.length > 0 && <Button onClick={() => onChange([])}>Choose none</Button>}
    </div>
  );
}
