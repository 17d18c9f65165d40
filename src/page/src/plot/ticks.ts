/** Round numbers along an axis, and how they are written. */

/** About `count` round values inside [low, high]; of a log axis powers of ten, with 2 and 5 between them when they are few. */
export function ticks(low: number, high: number, log: boolean, count = 5): number[] {
  if (!(high > low)) return [low];
  return log && low > 0 ? logTicks(low, high, count) : linearTicks(low, high, count);
}

function linearTicks(low: number, high: number, count: number): number[] {
  const raw = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 5, 10].find((factor) => raw <= factor * power) ?? 10);
  const found: number[] = [];
  for (let index = Math.ceil(low / step - 1e-9); index * step <= high + step * 1e-9; index++) {
    // 3 * 0.1 is not 0.3
    found.push(Number((index * step).toPrecision(12)));
  }
  // Few and far between say nothing
  return found.length < Math.min(3, count) && count < 40 ? linearTicks(low, high, count * 2) : found;
}

function logTicks(low: number, high: number, count: number): number[] {
  const from = Math.ceil(Math.log10(low) - 1e-9);
  const to = Math.floor(Math.log10(high) + 1e-9);
  const powers = to - from + 1;
  const every = Math.max(1, Math.ceil(powers / Math.max(2, count)));
  const factors = powers >= 3 ? [1] : high / low > 100 ? [1, 3] : high / low > 8 ? [1, 2, 5] : [1, 1.5, 2, 3, 5, 7];
  const found: number[] = [];
  for (let exponent = from - 1; exponent <= to; exponent++) {
    if ((to - exponent) % every) continue;
    for (const factor of factors) {
      const value = Number((factor * 10 ** exponent).toPrecision(12));
      if (value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9)) found.push(value);
    }
  }
  return found.length > 1 ? found : linearTicks(low, high, count);
}

/** Beyond these a number has more digits than a float: what is left is rounding. */
const MOST_DIGITS = 12;

/** Decimals with which neighbours on an even axis read as what they are: 2 of 0.25, 0.5; 0 of 10, 20. */
export function digitsOf(places: readonly number[]): number {
  const step = Math.min(...places.slice(1).map((place, index) => Math.abs(place - (places[index] as number))));
  if (!(step > 0) || !Number.isFinite(step)) return 0;
  const whole = (digits: number): boolean => {
    const scaled = step * 10 ** digits;
    return scaled > 0.5 && Math.abs(scaled - Math.round(scaled)) < 1e-4 * scaled;
  };
  let digits = 0;
  while (digits < MOST_DIGITS && !whole(digits)) digits++;
  return digits;
}

const UNITS = [
  [1e9, "G"],
  [1e6, "M"],
  [1e4, "k"],
] as const;

/**
 * The labels of an axis: on an even one all with the digits that its step asks for (`1.00`, `1.01`), so that no two read
 * alike; on any other each as short as it can be read.
 */
export function labels(places: readonly number[]): string[] {
  if (!isEven(places)) return places.map(short);
  const most = Math.max(...places.map(Math.abs));
  if (most < 1e-3) {
    const digits = digitsOf(places.map((place) => place / 10 ** Math.floor(Math.log10(most))));
    return places.map((place) => (place === 0 ? "0" : signed(place.toExponential(exponentOf(place, most, digits)))));
  }
  const [from, unit] = UNITS.find(([least]) => most >= least) ?? [1, ""];
  const size = unit === "k" ? 1000 : from;
  const digits = digitsOf(places.map((place) => place / size));
  // 100.01k is no shorter than 100,010
  if (unit !== "" && digits > (unit === "k" ? 1 : 3)) return places.map((place) => grouped(place, digitsOf(places)));
  const bare = unit === "" ? digitsOf(places) : digits;
  return places.map((place) => (place === 0 && unit !== "" ? "0" : `${grouped(place / size, bare)}${unit}`));
}

/** Decimals of a mantissa, so that all places end at the same decimal: 1.5e-4, but 5e-5. */
function exponentOf(place: number, most: number, digits: number): number {
  return Math.max(0, digits + Math.floor(Math.log10(Math.abs(place))) - Math.floor(Math.log10(most)));
}

/** Whether all steps are alike; two places are, if they are round. */
function isEven(places: readonly number[]): boolean {
  if (places.length < 3 && digitsOf(places) > 6) return false;
  const steps = places.slice(1).map((place, index) => place - (places[index] as number));
  const first = steps[0];
  return first !== undefined && steps.every((step) => Math.abs(step - first) <= 1e-6 * Math.abs(first));
}

function grouped(value: number, digits: number): string {
  const text = value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return Number(text.replaceAll(",", "")) === 0 ? text.replace("-", "") : signed(text);
}

/** With a true minus in front; an exponent keeps its own. */
function signed(text: string): string {
  return text.replace(/^-/, "−");
}

/** A number as short as it can be read by itself: `0.001`, `1e-5`, `2.5k`. */
export function short(value: number): string {
  const size = Math.abs(value);
  if (value === 0) return "0";
  if (size < 1e-3) return signed(value.toExponential(1).replace(".0e", "e"));
  if (size >= 1e9) return `${trim(value / 1e9)}G`;
  if (size >= 1e6) return `${trim(value / 1e6)}M`;
  if (size >= 1e4) return `${trim(value / 1e3)}k`;
  return trim(value);
}

function trim(value: number): string {
  return signed(String(Number(value.toPrecision(3))));
}
