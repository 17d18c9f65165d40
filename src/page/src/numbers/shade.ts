/** How strongly a difference is shaded, and how it is written. */

/** Sign of a difference as it is shown, and the strength of its shade, 0 to 1. */
export interface Shade {
  sign: "better" | "worse" | "same";
  strength: number;
}

/** Less than this is written as 0.0, so it is not shaded either. */
const SEEN = 0.0005;

/**
 * The shade of a difference of scores in [0, 1].
 *
 * @param limit - The difference that has the full shade, the same for a whole matrix. The root lifts small ones, which are the common ones.
 */
export function shade(difference: number | null, limit: number): Shade {
  if (difference === null || Math.abs(difference) < SEEN || limit <= 0) return { sign: "same", strength: 0 };
  return {
    sign: difference > 0 ? "better" : "worse",
    strength: Math.sqrt(Math.min(1, Math.abs(difference) / limit)),
  };
}

/** The largest difference of a matrix, at least two points: luck alone must not glow. */
export function limitOf(differences: (number | null)[]): number {
  return differences.reduce<number>((most, value) => Math.max(most, Math.abs(value ?? 0)), 0.02);
}

/** Points of a hundred, which scores in [0, 1] are told in. */
const POINTS = 100;
const MOST_DIGITS = 4;

/**
 * Decimals with which the largest of some differences does not read as 0. Of points: one, or more where all are tiny; of what
 * is no share, whose size nobody knows: such that three digits of the largest are seen.
 */
export function seenDigits(differences: readonly (number | null)[], factor = POINTS): number {
  const most = factor * differences.reduce<number>((found, value) => Math.max(found, Math.abs(value ?? 0)), 0);
  if (factor !== POINTS) return most > 0 ? Math.min(MOST_DIGITS, Math.max(0, 2 - Math.floor(Math.log10(most)))) : 1;
  let digits = 1;
  while (most > 0 && digits < MOST_DIGITS && Number(most.toFixed(digits)) === 0) digits++;
  return digits;
}

/** A score in [0, 1] as points of a hundred: `69.7`; a dash where there is none. Another factor is for what is no share. */
export function points(score: number | null | undefined, digits = 1, factor = POINTS): string {
  if (score === null || score === undefined || Number.isNaN(score)) return "–";
  return (score * factor).toFixed(digits).replace("-", "−");
}

/** A difference with its sign, `+0.8`, a true minus, and `0.0` without one. */
export function signed(difference: number | null | undefined, digits = 1, factor = POINTS): string {
  if (difference === null || difference === undefined || Number.isNaN(difference)) return "–";
  const text = (Math.abs(difference) * factor).toFixed(digits);
  if (Number(text) === 0) return text;
  return (difference > 0 ? "+" : "−") + text;
}
