/** What /api/pictures answers, and which of a run's pictures is shown at a step. */
import type { Label } from "./ids";

/** One logged picture of one run. */
export interface Logged {
  step: number;
  image: string;
  width: number;
  height: number;
  /** Addresses of class-id PNGs. */
  masks: { truth?: string; prediction?: string };
}

export interface Sample {
  name: string;
  /** By run, in order of their steps. */
  cells: Record<string, Logged[]>;
  /** Of an order by falls: how its score in the per-image tables changes from the first run to the second. */
  change?: number | null;
}

export interface PicturesAnswer {
  keys: string[];
  labels: Label[];
  /** Labels of runs that have others. */
  labels_of?: Record<string, Label[]>;
  warnings?: string[];
  samples: Sample[];
}

/** Steps at which any of the runs logged pictures, ascending. */
export function stepsOf(samples: readonly Sample[]): number[] {
  const steps = new Set<number>();
  for (const sample of samples) {
    for (const cells of Object.values(sample.cells)) for (const cell of cells) steps.add(cell.step);
  }
  return [...steps].sort((a, b) => a - b);
}

/**
 * What a run had drawn by a step: its latest picture up to then. Runs log at other steps than each other, so the very step is
 * rarely there. Before its first picture, the first; null where it has none.
 */
export function at(cells: readonly Logged[] | undefined, step: number): Logged | null {
  let shown: Logged | null = null;
  for (const cell of cells ?? []) {
    if (shown === null || (cell.step <= step && cell.step >= shown.step)) shown = cell;
  }
  return shown;
}
