/** What /api/compare, /api/matrix, /api/images and /api/seeds answer. Kirie's scores are from 0 to 1. */

export interface Comparison {
  a: string;
  b: string;
  score: string;
  value_a?: number;
  value_b?: number;
  difference: number;
  /** Null of too few images for an interval. */
  low: number | null;
  high: number | null;
  confidence: number;
  /** Share of the resamples in which the second run scores higher. */
  better?: number;
  images: number;
  /** Of groups of pictures, drawn whole; null where pictures are drawn singly. */
  groups?: number | null;
  resamples: number;
  /** Whether the interval leaves 0 out. */
  shown: boolean;
  /** Whether it is one of kirie's scores, which are better the higher they are. */
  counted: boolean;
  /** What scores are told times, 100 or 1, and with how many decimals, as in the sentence. */
  factor: number;
  digits: number;
  warnings: string[];
  sentence: string;
}

export interface MatrixAnswer {
  labels: { name: string; color: string }[];
  rows: { run: string; values: (number | null)[]; mean: number | null }[];
}

export interface ImagesAnswer {
  names: string[];
  scores: Record<string, (number | null)[]>;
}

export interface SeedGroup {
  name: string;
  runs: string[];
  values: (number | null)[];
  mean: number | null;
  low: number | null;
  high: number | null;
}

export const SPLITS = [
  ["val", "Validation"],
  ["test", "Test"],
] as const;

export const KINDS = [
  ["iou", "IoU"],
  ["dice", "Dice"],
  ["boundary", "Boundary"],
] as const;
