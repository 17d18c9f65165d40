/** Smoothing that goes by the distance between points, not by their number. */

/**
 * Exponential mean over what came before, where a point's weight falls with its distance in x: to 1/e over `strength / (1 -
 * strength)` three-hundredths of `range`. So gaps weigh as gaps do, and runs that logged more often are not smoothed less.
 * `strength` 0 gives the values themselves. Values that are no numbers are passed over.
 */
export function smoothed(x: ArrayLike<number>, y: ArrayLike<number>, strength: number, range: number): Float64Array {
  const out = Float64Array.from(y);
  if (strength <= 0 || range <= 0) return out;
  const reach = ((Math.min(strength, 0.999) / (1 - Math.min(strength, 0.999))) * range) / 300;
  let sum = 0;
  let weight = 0;
  let last = NaN;
  for (let i = 0; i < out.length; i++) {
    const at = x[i] as number;
    const value = y[i] as number;
    if (!Number.isFinite(value)) continue;
    const kept = Number.isNaN(last) ? 0 : Math.exp(-Math.max(0, at - last) / reach);
    sum = sum * kept + value;
    weight = weight * kept + 1;
    last = at;
    out[i] = sum / weight;
  }
  return out;
}
