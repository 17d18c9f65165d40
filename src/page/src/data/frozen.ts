/** The answer book of a report: answers by request, in `<script type="application/json" id="frozen">`. */

export interface Book {
  /** Unix seconds. */
  frozen_at: number;
  /** What it was frozen of, as the folder. */
  of: string;
  /** The address that the report opens with, as `#/runs?...`. */
  view?: string;
  /** By path with sorted parameters, as ask.ts builds them; `/api/curves?x=step` holds {base64} of the binary answer. */
  answers: Record<string, unknown>;
  /** What the board itself could not answer, with its sentence why. */
  refusals?: Record<string, string>;
  /** Pictures as data: URLs, by their path. */
  files?: Record<string, string>;
}

function readBook(): Book | null {
  const text = typeof document === "undefined" ? null : document.getElementById("frozen")?.textContent;
  return text ? (JSON.parse(text) as Book) : null;
}

export const book = readBook();
export const frozen = book !== null;

export function frozenAnswer(key: string): unknown {
  return book?.answers[key];
}

/** The sentence with which the board refused; undefined of what it answered, or was not asked. */
export function frozenRefusal(key: string): string | undefined {
  return book?.refusals?.[key];
}

/** Where a picture's bytes are: the server's path, or the data: URL that a report carries. */
export function fileUrl(path: string): string {
  return book ? (book.files?.[path] ?? "") : path;
}
