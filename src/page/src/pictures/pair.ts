/** Which two of the selected runs are compared. */

/** The two runs that are compared: those chosen, else the first two selected. */
export function pairOf(ids: readonly string[], a: string, b: string): [string, string] | null {
  const first = ids.includes(a) ? a : ids.find((id) => id !== b);
  const second = ids.includes(b) && b !== first ? b : ids.find((id) => id !== first);
  return first !== undefined && second !== undefined ? [first, second] : null;
}
