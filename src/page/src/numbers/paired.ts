/** Runs paired with a base, and per-image scores of two runs, paired by the image. */

/** Runs that are compared at once: each takes thousands of resamples. */
const MOST = 20;

/** The runs that are compared with the base: the first, and the one that is told in words ("" where there is none). */
export function toldOf(others: readonly string[], other: string): string[] {
  const first = others.slice(0, MOST);
  return other === "" || first.includes(other) ? first : [other, ...first.slice(0, MOST - 1)];
}

export interface Pair {
  name: string;
  a: number;
  b: number;
  difference: number;
}

/** Images that both runs have a score for, worst fall from the first run to the second first. */
export function pairs(names: string[], a: (number | null)[], b: (number | null)[]): Pair[] {
  const found: Pair[] = [];
  names.forEach((name, index) => {
    const first = a[index];
    const second = b[index];
    if (typeof first === "number" && typeof second === "number") {
      found.push({ name, a: first, b: second, difference: second - first });
    }
  });
  return found.sort((one, other) => one.difference - other.difference || one.name.localeCompare(other.name));
}

export interface Tally {
  worse: number;
  same: number;
  better: number;
}

/** How many images fell, kept their score (kirie's to a hundredth of a point, others exactly), and rose. */
export function tally(found: Pair[], factor = 100): Tally {
  const same = factor === 100 ? 1e-4 : Number.MIN_VALUE;
  const count = { worse: 0, same: 0, better: 0 };
  for (const { difference } of found) {
    if (Math.abs(difference) < same) count.same++;
    else if (difference < 0) count.worse++;
    else count.better++;
  }
  return count;
}
