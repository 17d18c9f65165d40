/** The view that was shown before this one: what a report is meant to be of. */
import { effect, signal } from "@preact/signals";
import { view } from "../address/address";

export const last = signal("runs");

effect(() => {
  if (view.value !== "report") last.value = view.value;
});
