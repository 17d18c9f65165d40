/** Names that someone may have meant. */

/** Letters to insert, delete or replace to come from one word to the other; stops counting past `most`. */
function distance(a: string, b: string, most: number): number {
  if (Math.abs(a.length - b.length) > most) return most + 1;
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}

/** At most three names, nearest first: those that hold the word, then those a few letters away. */
export function near(word: string, names: Iterable<string>, most = 3): string[] {
  const low = word.toLowerCase();
  const allowed = Math.max(1, Math.floor(low.length / 3));
  const found: [number, string][] = [];
  for (const name of names) {
    const other = name.toLowerCase();
    const last = other.split(/[./]/).pop() ?? other;
    const away = Math.min(distance(low, other, allowed), distance(low, last, allowed) + 0.5);
    if (away <= allowed + 0.5) found.push([away, name]);
    else if (low.length > 1 && other.includes(low)) found.push([allowed + 1 + other.length / 1000, name]);
  }
  return found
    .sort(([a], [b]) => a - b)
    .slice(0, most)
    .map(([, name]) => name);
}
