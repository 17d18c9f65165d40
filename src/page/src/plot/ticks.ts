/** Round numbers along an axis. */

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
  const factors = powers >= 3 ? [1] : high / low > 8 ? [1, 3] : [1, 1.5, 2, 3, 5, 7];
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

/** A number as short as it can be read on an axis: `0.001`, `1e-5`, `2.5k`. */
export function short(value: number): string {
  const size = Math.abs(value);
  if (value === 0) return "0";
  if (size < 1e-3) return value.toExponential(1).replace(".0e", "e").replace("-", "-");
  if (size >= 1e9) return `${trim(value / 1e9)}G`;
  if (size >= 1e6) return `${trim(value / 1e6)}M`;
  if (size >= 1e4) return `${trim(value / 1e3)}k`;
  return trim(value);
}

function trim(value: number): string {
  return String(Number(value.toPrecision(3)));
}
