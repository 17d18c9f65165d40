/** What could stand where the cursor is in a filter. */
import type { RunTable } from "../data/table";

export interface Completion {
  text: string;
  /** What it is, in small letters beside it. */
  about: string;
}

export interface Completions {
  /** The characters that a completion replaces. */
  from: number;
  to: number;
  options: Completion[];
}

const MOST = 12;
const WORD = /[^\s(),=<>~!]*$/;
const VALUE = /(?:^|[\s(])("[^"]*"|'[^']*'|`[^`]*`|[^\s(),"'`=<>~!]+)\s*(?:!=|<=|>=|=|<|>|!~|~)\s*$/;

/** Column names at the beginning of a comparison, values of the column after its operator. */
export function complete(text: string, cursor: number, table: RunTable): Completions {
  const before = text.slice(0, cursor);
  const begun = WORD.exec(before)?.[0] ?? "";
  const from = cursor - begun.length;
  const rest = /^[^\s(),=<>~!"'`]*/.exec(text.slice(cursor))?.[0] ?? "";
  const column = VALUE.exec(before.slice(0, from))?.[1];
  const options = column ? values(column, begun, table) : begun === "" ? [] : names(begun, table);
  return { from, to: cursor + rest.length, options };
}

/** A word as the filter language takes it: quoted where it must be. */
export function quotedWord(text: string): string {
  return /^[^\s(),"'`=<>~!]+$/.test(text) && !/^(and|or|not|in|null)$/i.test(text)
    ? text
    : `"${text.replace(/[\\"]/g, "\\$&")}"`;
}

function ranked(found: Completion[], begun: string): Completion[] {
  const low = begun.replace(/^["'`]/, "").toLowerCase();
  const rank = ({ text }: Completion): number => {
    const other = text.toLowerCase();
    if (other.startsWith(low)) return 0;
    return other.split(/[./_"]/).some((part) => part.startsWith(low)) ? 1 : other.includes(low) ? 2 : 3;
  };
  return found
    .map((option) => [rank(option), option] as const)
    .filter(([place]) => place < 3)
    .sort(([a, x], [b, y]) => a - b || x.text.length - y.text.length)
    .slice(0, MOST)
    .map(([, option]) => option);
}

function names(begun: string, table: RunTable): Completion[] {
  const about = { run: "run", config: "configuration", summary: "last value", note: "note" };
  const columns = [...table.columns.values()].map(({ key, from }) => ({ text: quotedWord(key), about: about[from] }));
  return ranked([...columns, ...["and", "or", "not"].map((text) => ({ text, about: "" }))], begun);
}

function values(column: string, begun: string, table: RunTable): Completion[] {
  const key = column.replace(/^["'`]|["'`]$/g, "");
  const found = table.columns.get(key) ?? table.columns.get(`config.${key}`) ?? table.columns.get(`${key}.name`);
  if (!found || found.kind === "number" || found.kind === "time") return [];
  const many = new Map<string, number>();
  for (const value of found.values) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one === null) continue;
      const text = typeof one === "boolean" ? (one ? "yes" : "no") : String(one);
      many.set(text, (many.get(text) ?? 0) + 1);
    }
    if (many.size > 500) break;
  }
  return ranked(
    [...many].map(([text, runs]) => ({ text: quotedWord(text), about: `${runs} ${runs === 1 ? "run" : "runs"}` })),
    begun,
  );
}
