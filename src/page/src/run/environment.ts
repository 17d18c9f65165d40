/** Where a run ran, as people read it. */
import { bytes } from "../design/words";
import type { Json } from "./detail";

/** Words that a shell takes as they are. */
const BARE = /^[\w@%+=:,./-]+$/;

/** Words as they would be typed: `--name 'a b'`. */
export function commandLine(words: readonly Json[]): string {
  return words
    .map((word) => (typeof word === "string" ? word : JSON.stringify(word)))
    .map((word) => (BARE.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(" ");
}

/** An entry with its value for reading: bytes of memory in their unit, arguments as a command line. */
export function readable([key, value]: [string, Json]): [string, Json] {
  if (key === "memory" && typeof value === "number") return [key, bytes(value)];
  if (key === "args" && Array.isArray(value)) return [key, commandLine(value)];
  return [key, value];
}
