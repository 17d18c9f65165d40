/** The command that makes a report. */

/** Of these runs, for a POSIX shell. */
export function exportCommand(folder: string, runs: readonly string[]): string {
  return `kirie board ${quoted(folder)} --export report.html --runs ${quoted(runs.join(","))}`;
}

/** A word for the shell, in quotes where it needs them. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replace(/'/g, `'\\''`)}'`;
}
