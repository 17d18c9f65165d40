/** A unified diff, as git writes it, taken apart into files and lines. */

export interface DiffLine {
  kind: "same" | "added" | "removed" | "place" | "note";
  text: string;
  /** Line number in the old and in the new file, null where the line is not in it. */
  before: number | null;
  after: number | null;
}

export interface DiffFile {
  name: string;
  /** What happened to the file as a whole. */
  change: "changed" | "added" | "removed" | "renamed";
  added: number;
  removed: number;
  lines: DiffLine[];
}

/** Where the next lines of a hunk are, and how many of each file it still has: only so is `--- x` told from a removed `-- x`. */
interface Hunk {
  before: number;
  after: number;
  oldLeft: number;
  newLeft: number;
}

const NO_HUNK: Hunk = { before: 0, after: 0, oldLeft: 0, newLeft: 0 };

/** Files of a diff in its order. Text before the first file is no part of any and is dropped. */
export function files(diff: string): DiffFile[] {
  const found: DiffFile[] = [];
  let hunk = NO_HUNK;
  for (const line of diff.split("\n")) {
    const file = found.at(-1);
    if (hunk.oldLeft > 0 || hunk.newLeft > 0) {
      if (file) hunk = body(file, line, hunk);
      continue;
    }
    const place = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/.exec(line);
    if (place && file) {
      const [before, old, after, fresh] = [1, 2, 3, 4].map((index) => Number(place[index] ?? 1));
      hunk = { before: before ?? 0, after: after ?? 0, oldLeft: old ?? 1, newLeft: fresh ?? 1 };
      file.lines.push(note("place", line));
    } else {
      header(found, line);
    }
  }
  return found;
}

function body(file: DiffFile, line: string, hunk: Hunk): Hunk {
  const { before, after, oldLeft, newLeft } = hunk;
  if (line.startsWith("\\")) {
    file.lines.push(note("note", line));
    return hunk;
  }
  const text = line.slice(1);
  if (line.startsWith("+")) {
    file.added++;
    file.lines.push({ kind: "added", text, before: null, after });
    return { before, after: after + 1, oldLeft, newLeft: newLeft - 1 };
  }
  if (line.startsWith("-")) {
    file.removed++;
    file.lines.push({ kind: "removed", text, before, after: null });
    return { before: before + 1, after, oldLeft: oldLeft - 1, newLeft };
  }
  file.lines.push({ kind: "same", text, before, after });
  return { before: before + 1, after: after + 1, oldLeft: oldLeft - 1, newLeft: newLeft - 1 };
}

/** Reads a line outside the hunks. A `---` line opens a file only in diffs that have no `diff --git` lines. */
function header(found: DiffFile[], line: string): void {
  const start = /^diff --git a\/(.*) b\/(.*)$/.exec(line);
  if (start) found.push(opened(start[2] ?? ""));
  const last = found.at(-1);
  if (line.startsWith("--- ") && (last === undefined || last.lines.length > 0)) {
    found.push(opened(line.slice(4).replace(/^a\//, "")));
    return;
  }
  if (last === undefined) return;
  if (line.startsWith("new file")) last.change = "added";
  if (line.startsWith("deleted file")) last.change = "removed";
  if (line.startsWith("rename to ")) last.change = "renamed";
  if (line.startsWith("+++ ") && !line.endsWith("/dev/null")) last.name = line.slice(4).replace(/^b\//, "");
  if (line.startsWith("Binary files") || line.startsWith("\\")) last.lines.push(note("note", line));
}

function opened(name: string): DiffFile {
  return { name, change: "changed", added: 0, removed: 0, lines: [] };
}

function note(kind: "place" | "note", text: string): DiffLine {
  return { kind, text, before: null, after: null };
}
