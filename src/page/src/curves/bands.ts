/** Several runs as one line with a band. */
import type { RunTable } from "../data/table";
import { textOf } from "../table/group";

export interface Line {
  x: ArrayLike<number>;
  y: ArrayLike<number>;
}

export interface Band {
  x: Float64Array;
  mean: Float64Array;
  low: Float64Array;
  high: Float64Array;
  /** Lines at each x: some end sooner. */
  of: Uint16Array;
}

export type Spread = "range" | "std";

const MOST_PLACES = 1000;

/** Where a band has its values: where any line has a point, or evenly where those are too many. */
function places(lines: readonly Line[]): Float64Array {
  const all = new Set<number>();
  let low = Infinity;
  let high = -Infinity;
  for (const { x } of lines) {
    for (let i = 0; i < x.length; i++) {
      const at = x[i] as number;
      if (all.size <= MOST_PLACES) all.add(at);
      if (at < low) low = at;
      if (at > high) high = at;
    }
  }
  if (all.size <= MOST_PLACES) return Float64Array.from(all).sort();
  return Float64Array.from({ length: MOST_PLACES }, (_, i) => low + ((high - low) * i) / (MOST_PLACES - 1));
}

/** The band over lines: mean, and least to greatest or one standard deviation to either side. Between its points a line is straight; beyond them it is not there. */
export function bandOver(lines: readonly Line[], spread: Spread): Band {
  const x = places(lines);
  const n = x.length;
  const sum = new Float64Array(n);
  const squares = new Float64Array(n);
  const low = new Float64Array(n).fill(Infinity);
  const high = new Float64Array(n).fill(-Infinity);
  const of = new Uint16Array(n);
  for (const line of lines) {
    let next = 0;
    for (let i = 0; i < n; i++) {
      const at = x[i] as number;
      while (next < line.x.length && (line.x[next] as number) < at) next++;
      // Of what was logged several times at a step all are in its range, and the last is the line's
      while (line.x[next] === at && line.x[next + 1] === at) {
        low[i] = Math.min(low[i] as number, finite(line.y[next], Infinity));
        high[i] = Math.max(high[i] as number, finite(line.y[next], -Infinity));
        next++;
      }
      const value = between(line, next, at);
      if (!Number.isFinite(value)) continue;
      sum[i] = (sum[i] as number) + value;
      squares[i] = (squares[i] as number) + value * value;
      low[i] = Math.min(low[i] as number, value);
      high[i] = Math.max(high[i] as number, value);
      of[i] = (of[i] as number) + 1;
    }
  }
  const mean = sum.map((value, i) => value / (of[i] as number));
  if (spread === "std") {
    for (let i = 0; i < n; i++) {
      const many = of[i] as number;
      const center = mean[i] as number;
      // Of a sample: with one run there is none
      const wide =
        many > 1 ? Math.sqrt(Math.max(0, ((squares[i] as number) / many - center * center) * (many / (many - 1)))) : 0;
      low[i] = center - wide;
      high[i] = center + wide;
    }
  }
  return { x, mean, low, high, of };
}

function finite(value: number | undefined, otherwise: number): number {
  return Number.isFinite(value) ? (value as number) : otherwise;
}

function between({ x, y }: Line, next: number, at: number): number {
  if (next >= x.length) return NaN;
  const right = x[next] as number;
  if (right === at) return y[next] as number;
  if (next === 0) return NaN;
  const left = x[next - 1] as number;
  const part = (at - left) / (right - left);
  return (y[next - 1] as number) * (1 - part) + (y[next] as number) * part;
}

export interface RunGroup {
  name: string;
  ids: string[];
}

/** What a seed changes besides itself, and what only says where and under which name a run ran. */
const NOT_COMPARED = /(^|\.)seed$|^config\.(run_id|runs|group|sweep|notes|name|tags|log\..*|trainer\..*)$/;

/** Runs whose configurations are the same but for the seed. */
export function bySeeds(ids: readonly string[], table: RunTable): RunGroup[] {
  const columns = [...table.columns.values()].filter(({ key, from }) => from === "config" && !NOT_COMPARED.test(key));
  const groups = new Map<string, string[]>();
  for (const id of ids) {
    const row = table.rowOf.get(id) ?? -1;
    const key = JSON.stringify(columns.map((column) => column.values[row] ?? null));
    groups.set(key, [...(groups.get(key) ?? []), id]);
  }
  return [...groups.values()].map((group) => ({ name: nameOfGroup(group, table), ids: group }));
}

export function byColumn(ids: readonly string[], key: string, table: RunTable): RunGroup[] {
  const groups = new Map<string, string[]>();
  for (const id of ids) {
    const name = textOf(table.value(key, id));
    groups.set(name, [...(groups.get(name) ?? []), id]);
  }
  return [...groups].map(([name, group]) => ({ name, ids: group }));
}

function nameOfGroup(ids: readonly string[], table: RunTable): string {
  const first = String(table.value("name", ids[0] ?? "") ?? ids[0]);
  return ids.length > 1 ? `${first} and ${ids.length - 1} more` : first;
}
