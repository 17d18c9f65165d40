/** Colours for canvases, and those of runs: by slot, so a run keeps its own while it is selected. */
import { slotOf } from "../address/selection";
import { theme } from "./theme";

export const PALETTE = 8;
/** Past the palette lines are told apart by their dashes. */
const DASHES: number[][] = [[], [7, 4], [2, 3], [9, 3, 2, 3]];
let cacheFor = "";
let cache: Record<string, string> = {};

/** The value of a CSS variable in the theme shown, as `token("--line")`: for canvases, which know no variables. */
export function token(name: string): string {
  if (cacheFor !== theme.value) {
    cacheFor = theme.value;
    cache = {};
  }
  return (cache[name] ??= getComputedStyle(document.documentElement).getPropertyValue(name).trim());
}

/** For `style`: follows the theme by itself. */
export function runVar(id: string): string {
  const slot = slotOf(id);
  return slot === undefined ? "var(--faint)" : `var(--run-${slot % PALETTE})`;
}

/** For a canvas. */
export function runColor(id: string): string {
  const slot = slotOf(id);
  return token(slot === undefined ? "--faint" : `--run-${slot % PALETTE}`);
}

/** How often the colours were gone through before this run: 0 for the first eight. */
export function runRound(id: string): number {
  return Math.floor((slotOf(id) ?? 0) / PALETTE);
}

export function runDash(id: string): number[] {
  return DASHES[runRound(id) % DASHES.length] ?? [];
}
