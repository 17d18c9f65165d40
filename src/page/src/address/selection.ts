/**
 * The runs that all views show. Each holds a slot, and with it a colour and a dash, for as long as it is selected: the
 * address lists them by slot, with a hole where one went.
 */
import { computed } from "@preact/signals";
import { address, SELECTION, setQuery } from "./address";
import { readList, writeList } from "./codec";

const slots = computed(() => readList(address.value.query[SELECTION]));

/** Ids of the selected runs, by slot. */
export const selected = computed(() => slots.value.filter((id) => id !== ""));

const slotById = computed(() => {
  const found = new Map<string, number>();
  slots.value.forEach((id, slot) => id !== "" && found.set(id, slot));
  return found;
});

export function isSelected(id: string): boolean {
  return slotById.value.has(id);
}

/** The slot of a selected run; undefined where it is not selected. Colours come from it: see design/colors.ts. */
export function slotOf(id: string): number | undefined {
  return slotById.value.get(id);
}

/** New slots: kept ones where they are, then new ones in the first holes. */
export function placed(now: readonly string[], wanted: readonly string[]): string[] {
  const want = new Set(wanted);
  const next = now.map((id) => (want.has(id) ? id : ""));
  const held = new Set(next);
  let hole = 0;
  for (const id of want) {
    if (held.has(id)) continue;
    while (hole < next.length && next[hole] !== "") hole++;
    next[hole] = id;
  }
  while (next.length > 0 && next[next.length - 1] === "") next.pop();
  return next;
}

/** Replaces the selection. It makes no step in the browser's history: "back" goes to the last view. */
export function select(ids: readonly string[]): void {
  const next = placed(slots.peek(), ids);
  setQuery({ [SELECTION]: next.length > 0 ? writeList(next) : null }, true);
}

export function toggle(id: string): void {
  select(isSelected(id) ? selected.peek().filter((other) => other !== id) : [...selected.peek(), id]);
}
