/** Runs by labels: values, and how far they lie from the base run's. */
import { setQuery } from "../address/address";
import { Empty, RunName, Segments } from "../parts/basics";
import type { Answer } from "../data/answer";
import { KINDS, type MatrixAnswer } from "./answer";
import { limitOf, points, seenDigits, shade, signed } from "./shade";

interface Props {
  /** In the order of their selection, which is that of the lines. */
  runs: string[];
  answer: Answer<MatrixAnswer>;
  /** Why nothing was asked. */
  none: string | null;
  base: string;
  kind: "iou" | "dice" | "boundary";
  turned: boolean;
}

interface Entry {
  value: number | null;
  /** From the base run's; null in the base run itself. */
  difference: number | null;
  base: boolean;
  /** Decimals of its run. */
  digits: number;
}

export function Matrix({ answer: { data, error }, none, runs: wanted, base, kind, turned }: Props) {
  const runs = wanted.filter((id) => data?.rows.some(({ run }) => run === id));
  const entries = data ? entriesOf(data, runs, base) : [];
  const limit = limitOf(entries.flat().map((entry) => entry.difference));
  const names = ["all labels", ...(data?.labels.map((label) => label.name) ?? [])];
  const label = (column: number) => (
    <span class="row">
      {column > 0 && <span class="patch" style={{ background: data?.labels[column - 1]?.color ?? "" }} />}
      <span>{names[column]}</span>
    </span>
  );
  return (
    <section class="panel" aria-label="Labels">
      <header>
        <h2 class="grow">By label</h2>
        <Segments label="Score by label" value={kind} options={KINDS} onChange={(word) => setQuery({ kind: word })} />
        <button
          type="button"
          class="button"
          aria-pressed={turned}
          title="Labels as rows"
          onClick={() => setQuery({ turned: turned ? null : "true" })}
        >
          Turn
        </button>
      </header>
      {(none ?? error) && <Empty title="No scores by label">{none ?? error}</Empty>}
      {!none && !error && data && data.rows.length > 0 && (
        <div class="scroll">
          <table class="plain matrix">
            <caption class="unseen">Scores by label in points; below each its difference from the base run</caption>
            <thead>
              <tr>
                <th scope="col">{turned ? "Label" : "Run"}</th>
                {turned
                  ? runs.map((run) => (
                      <th scope="col" class="number">
                        <RunName id={run} />
                      </th>
                    ))
                  : names.map((_, column) => <th scope="col">{label(column)}</th>)}
              </tr>
            </thead>
            <tbody>
              {(turned ? names : runs).map((word, line) => (
                <tr key={word}>
                  <th scope="row">{turned ? label(line) : <RunName id={word} />}</th>
                  {(turned ? runs : names).map((_, across) => {
                    const entry = turned ? entries[across]?.[line] : entries[line]?.[across];
                    return <Value entry={entry} limit={limit} />;
                  })}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function Value({ entry, limit }: { entry: Entry | undefined; limit: number }) {
  const { sign, strength } = shade(entry?.difference ?? null, limit);
  return (
    <td class={`number ${sign}`} style={{ "--strength": `${Math.round(strength * 34)}%` }}>
      {points(entry?.value, entry?.digits)}
      <small>{entry?.base ? "base" : signed(entry?.difference, entry?.digits)}</small>
    </td>
  );
}

/** One line per run: the mean first, then the labels. */
function entriesOf(data: MatrixAnswer, runs: string[], base: string): Entry[][] {
  const lines = runs.map((id) => {
    const row = data.rows.find(({ run }) => run === id);
    return [row?.mean ?? null, ...(row?.values ?? [])];
  });
  const from = lines[runs.indexOf(base)];
  const differences = lines.map((line) =>
    line.map((value, column) => {
      const before = from === line ? null : (from?.[column] ?? null);
      return value === null || before === null ? null : value - before;
    }),
  );
  // The base run is read beside each of the others
  const digits = differences.map((line) => seenDigits(line));
  const most = Math.max(1, ...digits);
  return lines.map((line, index) =>
    line.map((value, column) => ({
      value,
      difference: differences[index]?.[column] ?? null,
      base: from === line,
      digits: from === line ? most : (digits[index] ?? 1),
    })),
  );
}
