/** The one selection that all plots of a sweep share: brushes in the address, the trial under the pointer. */
import { signal } from "@preact/signals";
import { setQuery } from "../address/address";
import { written, type Brushes } from "./brush";

/** The trial under the pointer in any plot; -1 for none. */
export const pointed = signal(-1);

/** Brushes while a drag is under way; the address has them once it rests. */
export const dragged = signal<Brushes | null>(null);

export function keep(brushes: Brushes): void {
  dragged.value = null;
  setQuery({ brush: written(brushes) || null }, true);
}

export function pick(number: number | undefined): void {
  setQuery({ trial: number === undefined ? null : String(number) }, true);
}
