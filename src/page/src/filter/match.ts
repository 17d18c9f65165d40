/** A filter's tree as a question to each row of the table of runs. */
import type { Column, RunTable, Value } from "../data/table";
import { amount, measureOf, minutesAgo, unsureOf, when } from "./amount";
import { near } from "./near";
import { parse, type Operator, type Tree, type Word } from "./parse";
import { FilterError } from "./tokens";

export type Match = (row: number) => boolean;

const SEARCHED = ["name", "id", "group", "tags", "note"];

/** Throws FilterError. An empty filter lets all through. */
export function compile(text: string, table: RunTable): Match {
  const tree = parse(text);
  return tree === null ? () => true : question(tree, table);
}

function question(tree: Tree, table: RunTable): Match {
  switch (tree.kind) {
    case "and": {
      const parts = tree.parts.map((part) => question(part, table));
      return (row) => parts.every((part) => part(row));
    }
    case "or": {
      const parts = tree.parts.map((part) => question(part, table));
      return (row) => parts.some((part) => part(row));
    }
    case "not": {
      const part = question(tree.part, table);
      return (row) => !part(row);
    }
    case "search": {
      const holds = pattern(tree.text);
      return (row) => SEARCHED.some((key) => some(table.at(key, row), holds));
    }
    case "compare": {
      const column = columnFor(tree.column, table);
      const parts = tree.values.map((value) => comparison(column, tree.operator, value));
      return (row) => parts.some((part) => part(column.values[row] ?? null));
    }
  }
}

/** The column of that name; `config.` may be left out, and so may `.name` where a thing's name is meant (`config.model = unet`). */
export function columnFor(word: Word, table: RunTable): Column {
  const { text } = word;
  for (const key of [text, `config.${text}`, `${text}.name`, `config.${text}.name`]) {
    const column = table.columns.get(key);
    if (column) return column;
  }
  throw new FilterError(lacking(text, table), word.from, word.to);
}

/** That there is no such column, and which ones are near. */
export function lacking(key: string, table: RunTable): string {
  const alike = near(key, table.columns.keys());
  const hint = alike.length > 0 ? `; did you mean ${alike.map((name) => `“${name}”`).join(" or ")}?` : "";
  return `no run has “${key}”${hint}`;
}

function some(value: Value, holds: (text: string) => boolean): boolean {
  if (value === null) return false;
  return Array.isArray(value) ? value.some((item) => holds(String(item))) : holds(String(value));
}

/** Whether a text holds another, in any case of letters. With * or ? the whole text must fit. */
function pattern(text: string): (other: string) => boolean {
  const low = text.toLowerCase();
  if (!/[*?]/.test(low)) return (other) => other.toLowerCase().includes(low);
  const escaped = low
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replace(/\*+/g, ".*")
    .replace(/\?/g, ".");
  const whole = new RegExp(`^${escaped}$`, "s");
  return (other) => whole.test(other.toLowerCase());
}

function comparison(column: Column, operator: Operator, word: Word): (value: Value) => boolean {
  if (operator === "!=" || operator === "!~") {
    // A run that lacks the column is not that value either
    const same = comparison(column, operator === "!=" ? "=" : "~", word);
    return (value) => !same(value);
  }
  if (!word.quoted && word.text.toLowerCase() === "null") {
    // An empty list, as tags are where there are none, is nothing as well
    if (operator === "=") return (value) => value === null || (Array.isArray(value) && value.length === 0);
    throw new FilterError("null is compared with = or != only", word.from, word.to);
  }
  if (operator === "~") {
    const holds = pattern(word.text);
    return (value) => some(value, holds);
  }
  if (column.kind === "number") return ofNumbers(column, operator, word);
  if (column.kind === "time") return ofTimes(column, operator, word);
  return ofTexts(operator, column.kind === "bool" ? { ...word, text: asBool(word.text) } : word);
}

/** Truth values are shown as yes and no. */
function asBool(text: string): string {
  return { yes: "true", no: "false" }[text.toLowerCase()] ?? text;
}

function ofNumbers({ key }: Column, operator: Operator, word: Word): (value: Value) => boolean {
  const measure = measureOf(key);
  const wanted = amount(word.text, measure);
  if (wanted === null) {
    const meant = measure === "number" ? "write M for millions, min for minutes" : "write min for minutes";
    const sentence = unsureOf(word.text)
      ? `“${word.text}” may be minutes or millions: ${meant}`
      : `“${key}” holds numbers; “${word.text}” is none (as 0.7 or 1e-3 or 2h)`;
    throw new FilterError(sentence, word.from, word.to);
  }
  if (Number.isNaN(wanted) && operator !== "=")
    throw new FilterError("NaN is compared with = or != only", word.from, word.to);
  // Of equal infinities the difference is no number
  return (value) => typeof value === "number" && ordered(Object.is(value, wanted) ? 0 : value - wanted, operator);
}

/** Before, in or after the whole of what was written: a date without a time is its day. */
function ofTimes({ key }: Column, operator: Operator, word: Word): (value: Value) => boolean {
  const wanted = when(word.text);
  if (wanted === null) {
    const sentence = unsureOf(word.text)
      ? `“${word.text}” may be minutes or months: write ${minutesAgo(word.text)} for minutes`
      : `“${key}” holds times; “${word.text}” is none (as 2026-11-20 or -2d)`;
    throw new FilterError(sentence, word.from, word.to);
  }
  const { from, to } = wanted;
  return (value) =>
    typeof value === "number" && ordered(value < from ? -1 : value === from || value < to ? 0 : 1, operator);
}

function ofTexts(operator: Operator, word: Word): (value: Value) => boolean {
  const low = word.text.toLowerCase();
  const found = amount(word.text);
  const wanted = found !== null && Number.isFinite(found) ? found : NaN;
  const one = (value: string | number | boolean): boolean => {
    if (typeof value === "number" && !Number.isNaN(wanted)) return ordered(value - wanted, operator);
    const text = String(value).toLowerCase();
    if (operator === "=") return text === low;
    const asNumber = Number(text);
    if (!Number.isNaN(wanted) && !word.quoted) return text !== "" && ordered(asNumber - wanted, operator);
    return ordered(text < low ? -1 : text > low ? 1 : 0, operator);
  };
  return (value) =>
    value !== null && (Array.isArray(value) ? value.some(one) : one(value as string | number | boolean));
}

function ordered(difference: number, operator: Operator): boolean {
  switch (operator) {
    case "<":
      return difference < 0;
    case "<=":
      return difference <= 0;
    case ">":
      return difference > 0;
    case ">=":
      return difference >= 0;
    default:
      return difference === 0;
  }
}
