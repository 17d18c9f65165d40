/** Which runs an answer about several is asked for. */
import { frozen } from "./frozen";
import { runs } from "./runs";

/**
 * The runs to ask for, ascending: the answer is the same whatever order they were selected in. A report holds each answer once,
 * of all its runs; of those the selected ones are shown.
 */
export function askedFor(selected: readonly string[]): string[] {
  return [...(frozen ? runs.value.ids : selected)].sort();
}
