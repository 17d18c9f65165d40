/** Which two of the selected runs are compared. */

/** The two runs that are compared: those chosen, else the first two selected. */
export function pairOf(ids: readonly string[], a: string, b: string): [string, string] | null {
  const first = ids.includes(a) ? a : ids.find((id) => id !== b);
  const second = ids.includes(b) && b !== first ? b : ids.find((id) => id !== first);
  return first !== undefined && second !== undefined ? [first, second] : null;
}

/**
 * The same among pairs that can be asked about: a report of many runs holds those with one run only. The pair of that first run
 * with another where the two chosen are none; null where no two are.
 */
export function heldPair(
  ids: readonly string[],
  a: string,
  b: string,
  held: (a: string, b: string) => boolean,
): [string, string] | null {
  const chosen = pairOf(ids, a, b);
  if (chosen === null || held(...chosen)) return chosen;
  for (const first of [chosen[0], ...ids]) {
    const second = partners(ids, first, held)[0];
    if (second !== undefined) return [first, second];
  }
  return null;
}

/** The runs that a run can be asked about with. */
export function partners(ids: readonly string[], first: string, held: (a: string, b: string) => boolean): string[] {
  return ids.filter((id) => id !== first && held(first, id));
}

/** The run that a report compares the others with: the one of most pairs. */
export function baseOf(ids: readonly string[], held: (a: string, b: string) => boolean): string | undefined {
  const most = (id: string): number => partners(ids, id, held).length;
  return ids.reduce<string | undefined>(
    (best, id) => (most(id) > (best === undefined ? 0 : most(best)) ? id : best),
    undefined,
  );
}
