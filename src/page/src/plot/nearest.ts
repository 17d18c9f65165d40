/** Which drawn thing lies under the pointer. */

/** The index of the nearest point within reach, in the points' own units; -1 for none. */
export function nearestPoint(xs: Float32Array, ys: Float32Array, x: number, y: number, reach: number): number {
  let found = -1;
  let least = reach * reach;
  for (let index = 0; index < xs.length; index++) {
    const distance = ((xs[index] ?? NaN) - x) ** 2 + ((ys[index] ?? NaN) - y) ** 2;
    if (distance <= least) {
      least = distance;
      found = index;
    }
  }
  return found;
}

/**
 * The trial whose line passes nearest between two axes; -1 for none.
 *
 * @param left - Heights of the trials on the axis to the left, `right` on the one to the right.
 * @param share - How far the pointer is between the two, 0 to 1.
 * @param considered - 1 for trials that may be found.
 */
export function nearestLine(
  left: Float32Array,
  right: Float32Array,
  share: number,
  y: number,
  reach: number,
  considered: Uint8Array,
): number {
  let found = -1;
  let least = reach;
  for (let trial = 0; trial < left.length; trial++) {
    if (!considered[trial]) continue;
    const from = left[trial] ?? NaN;
    const distance = Math.abs(from + share * ((right[trial] ?? NaN) - from) - y);
    if (distance <= least) {
      least = distance;
      found = trial;
    }
  }
  return found;
}
