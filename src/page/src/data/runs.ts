/** All runs of the board as columns, kept fresh by what the server says has changed. */
import { computed, signal } from "@preact/signals";
import { ask } from "./ask";
import { merged, RunTable, type RunsAnswer } from "./table";

/** Empty until the first answer. */
export const runs = signal<RunTable>(new RunTable());
export const runsLoaded = signal(false);
export const runsError = signal<string | null>(null);
/** Ids whose rows came with the last update: a view that shows one asks again. */
export const changed = signal<{ version: string | number; ids: ReadonlySet<string> }>({ version: 0, ids: new Set() });

let asking = false;
let again = false;

/** Fetches what is new since the last version; calls while one is on its way become one more. */
export async function refreshRuns(): Promise<void> {
  if (asking) {
    again = true;
    return;
  }
  asking = true;
  try {
    const now = runs.peek();
    const since = runsLoaded.peek() ? { since: now.version } : {};
    const answer = await ask<RunsAnswer>("/api/runs", since);
    runs.value = merged(now, answer);
    runsError.value = null;
    if (runsLoaded.peek()) changed.value = { version: answer.version, ids: new Set(answer.ids) };
    runsLoaded.value = true;
  } catch (error) {
    runsError.value = (error as Error).message;
  } finally {
    asking = false;
    if (again) {
      again = false;
      void refreshRuns();
    }
  }
}

/** What a run is called: its name, or its id where it has none. */
export function nameOf(id: string): string {
  const name = runs.value.value("name", id);
  return typeof name === "string" && name !== "" ? name : id;
}

/** Names that more than one run has: there the id is shown as well. */
const doubled = computed(() => {
  const seen = new Map<string, number>();
  for (const id of runs.value.ids) {
    const name = String(runs.value.value("name", id) ?? id);
    seen.set(name, (seen.get(name) ?? 0) + 1);
  }
  return seen;
});

export function fullNameOf(id: string): string {
  const name = nameOf(id);
  return name !== id && (doubled.value.get(name) ?? 0) > 1 ? `${name} · ${id}` : name;
}
