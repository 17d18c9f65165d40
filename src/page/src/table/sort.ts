/** Order of rows by several columns. What is missing comes last, whichever the direction. */
import type { Column, RunTable, Value } from "../data/table";

export interface SortKey {
  key: string;
  down: boolean;
}

/** In the address: `-val/miou,name`. */
export function readSort(items: readonly string[]): SortKey[] {
  return items.map((item) => (item.startsWith("-") ? { key: item.slice(1), down: true } : { key: item, down: false }));
}

export function writeSort(keys: readonly SortKey[]): string[] {
  return keys.map(({ key, down }) => (down ? `-${key}` : key));
}

/** After a click on a column: first the direction that is mostly wanted, then the other, then none. With `also` the others stay. */
export function clicked(keys: readonly SortKey[], key: string, first: boolean, also: boolean): SortKey[] {
  const now = keys.find((one) => one.key === key);
  const next = now === undefined ? { key, down: first } : now.down === first ? { key, down: !first } : null;
  if (!also) return next ? [next] : [];
  if (next === null) return keys.filter((one) => one.key !== key);
  return now ? keys.map((one) => (one.key === key ? next : one)) : [...keys, next];
}

const ranksOf = new WeakMap<Column, Float64Array>();
const LETTERS = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

/** A number by row that orders like the column's values; NaN where it is missing. Kept as long as the column. */
function ranks(column: Column): Float64Array {
  const kept = ranksOf.get(column);
  if (kept) return kept;
  const found =
    column.kind === "number" || column.kind === "time" || column.kind === "bool"
      ? Float64Array.from(column.values, (value) => (value === null ? NaN : Number(value)))
      : wordRanks(column.values);
  ranksOf.set(column, found);
  return found;
}

/** Each different text is compared once, not each row. */
function wordRanks(values: readonly Value[]): Float64Array {
  const texts = values.map((value) =>
    value === null ? null : Array.isArray(value) ? value.join(", ") : String(value),
  );
  const words = [...new Set(texts.filter((text) => text !== null))].sort(LETTERS.compare);
  const place = new Map(words.map((word, at) => [word, at]));
  return Float64Array.from(texts, (text) => (text === null ? NaN : (place.get(text) as number)));
}

export function sorted(rows: readonly number[], keys: readonly SortKey[], table: RunTable): number[] {
  const by = keys.flatMap(({ key, down }) => {
    const column = table.columns.get(key);
    return column ? [{ rank: ranks(column), sign: down ? -1 : 1 }] : [];
  });
  if (by.length === 0) return [...rows];
  return [...rows].sort((a, b) => {
    for (const { rank, sign } of by) {
      const x = rank[a] as number;
      const y = rank[b] as number;
      if (x === y) continue;
      const [noX, noY] = [x !== x, y !== y];
      if (noX || noY) {
        if (noX && noY) continue;
        return noX ? 1 : -1;
      }
      return x < y ? -sign : sign;
    }
    return a - b;
  });
}
