/** The Pareto front: trials that no other trial beats in both value and cost. */

/**
 * Indices of the front, cheapest first.
 *
 * @param cost - Less is better; NaN where a trial has none.
 * @param value - Of the goal, see `maximize`.
 */
export function front(cost: Float64Array, value: Float64Array, maximize: boolean): number[] {
  const order = [...cost.keys()].filter((trial) => !Number.isNaN(cost[trial]) && !Number.isNaN(value[trial]));
  const gain = (trial: number): number => (maximize ? 1 : -1) * (value[trial] ?? 0);
  order.sort((a, b) => (cost[a] ?? 0) - (cost[b] ?? 0) || gain(b) - gain(a));
  const kept: number[] = [];
  let best = -Infinity;
  for (const trial of order) {
    if (gain(trial) <= best) continue;
    best = gain(trial);
    kept.push(trial);
  }
  return kept;
}
