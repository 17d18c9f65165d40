/** Numbers and times as a filter takes them: with units, and as the page shows them. */

/** What a unit without a doubt is, whatever the case of its letters. */
const UNITS: Record<string, number> = {
  s: 1,
  min: 60,
  h: 3600,
  d: 86400,
  w: 604800,
  k: 1e3,
  g: 1e9,
  "%": 0.01,
};
const AMOUNT = /^((?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)\s*(s|min|m|h|d|w|k|g|%)?\s*/i;

/** What a column's numbers are of: of a duration `m` is minutes, of all else `M` is millions. */
export type Measure = "number" | "seconds" | "hours";

export function measureOf(key: string): Measure {
  return key === "runtime" || key.endsWith("_seconds") ? "seconds" : key.endsWith("_hours") ? "hours" : "number";
}

/**
 * `0.7`, `1e-3`, `90min`, `10k`, and as the page shows them: `50 %`, `1 h 05 min`, `12,345`, `−0.5`, `NaN`, `∞`. Null for what is
 * none, and for an `m` or `M` that could be minutes or millions.
 */
export function amount(text: string, measure: Measure = "number"): number | null {
  if (/^nan$/i.test(text)) return NaN;
  const sign = /^[-−+]/.test(text) ? text.charAt(0) : "";
  const rest = text.slice(sign.length);
  const size = /^(∞|inf|infinity)$/i.test(rest) ? Infinity : sized(rest, measure);
  if (Number.isNaN(size)) return null;
  return sign === "-" || sign === "−" ? -size : size;
}

/** NaN for what is no finite number. */
function sized(text: string, measure: Measure): number {
  let rest = text.replace(/(\d),(?=\d{3}(\D|$))/g, "$1");
  let sum = NaN;
  while (rest !== "") {
    const found = AMOUNT.exec(rest);
    const unit = found?.[2] ?? "";
    // Parts follow each other where they have units
    if (!found || (unit === "" && rest !== found[0]) || (unit === "" && !Number.isNaN(sum))) return NaN;
    sum = (Number.isNaN(sum) ? 0 : sum) + Number(found[1]) * sizeOf(unit, measure);
    rest = rest.slice(found[0].length);
  }
  return sum;
}

function sizeOf(unit: string, measure: Measure): number {
  if (unit === "") return 1;
  const low = unit.toLowerCase();
  if (low === "m") return measure === "number" ? (unit === "M" ? 1e6 : NaN) : unit === "m" ? minutes(measure) : NaN;
  const size = UNITS[low] ?? NaN;
  return measure === "hours" && /^(s|min|h|d|w)$/.test(low) ? size / 3600 : size;
}

function minutes(measure: Measure): number {
  return measure === "hours" ? 1 / 60 : 60;
}

/** Of what `amount` and `when` refuse: whether it is the `m` alone that cannot be told. */
export function unsureOf(text: string): boolean {
  return /\d\s*m(?![a-z])/i.test(text) && amount(inMinutes(text)) !== null;
}

/** With each lone `m` as minutes. */
function inMinutes(text: string): string {
  return text.replace(/m(?![a-z])/gi, "min");
}

/** So many minutes ago, as `when` takes it and as one word: `-10min` of `10m`. */
export function minutesAgo(text: string): string {
  return `-${inMinutes(text).replace(/^[-−+]|\s/g, "")}`;
}

/** A stretch of time in unix seconds: `to` is its end, and no part of it; of a moment both are the same. */
export interface Stretch {
  from: number;
  to: number;
}

const DATE = /^(\d{4})(?:-(\d\d?)(?:-(\d\d?)(?:[T ]+(\d\d?):(\d\d)(?::(\d\d))?)?)?)?$/;

/**
 * A date (`2026-11-20`, `2026-11-20 14:30`) as all of its day, minute, month or year, by this machine's clock; how long ago
 * (`-2d`), or unix seconds, as that moment. Null for what is none.
 */
export function when(text: string): Stretch | null {
  const date = DATE.exec(text);
  if (date) return stretchOf(date.slice(1).flatMap((part) => (part === undefined ? [] : [Number(part)])));
  const moment = /^[-−]/.test(text)
    ? Date.now() / 1000 + (amount(text, "seconds") ?? NaN)
    : /^\d{4}-\d\d-\d\dT/.test(text)
      ? new Date(text).getTime() / 1000
      : Number(text || NaN);
  return !Number.isFinite(moment) ? null : { from: moment, to: moment };
}

/** Of year, month, day, hour, minute and second, as far as they are given. */
function stretchOf(parts: readonly number[]): Stretch | null {
  const at = (given: readonly number[]): Date => {
    const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = given;
    return new Date(year, month - 1, day, hour, minute, second);
  };
  const from = at(parts);
  const [, month, day, hour, minute, second] = parts;
  // JavaScript takes the 30th of February for the 2nd of March
  const is = [from.getMonth() + 1, from.getDate(), from.getHours(), from.getMinutes(), from.getSeconds()];
  if ([month, day, hour, minute, second].some((part, k) => part !== undefined && part !== is[k])) return null;
  const next = parts.map((part, k) => (k === parts.length - 1 ? part + 1 : part));
  return { from: from.getTime() / 1000, to: at(next).getTime() / 1000 };
}
