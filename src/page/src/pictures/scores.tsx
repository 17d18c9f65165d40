/** The pictures as a table: what the cells' captions say, for readers of tables and screen readers. */
import { usePromise } from "../data/answer";
import { Failure, RunName } from "../parts/basics";
import { points, signed } from "../numbers/shade";
import { at, type Sample } from "./answer";
import type { Label } from "./ids";
import { masksOf } from "./load";
import type { Choices } from "./state";
import { pictureScore } from "./verdict";

interface Props {
  samples: Sample[];
  runs: readonly string[];
  labelsOf: (run: string) => Label[];
  now: Choices;
  step: number;
}

export function Scores({ samples, runs, labelsOf, now, step }: Props) {
  const only = now.only;
  const key = JSON.stringify([samples.map((sample) => sample.name), runs, step, only && [...only]]);
  const { data, error } = usePromise(key, () =>
    Promise.all(samples.map((sample) => Promise.all(runs.map((id) => scored(sample, id, labelsOf(id), only, step))))),
  );
  // What orders the pictures
  const ordered = samples.some(({ change }) => typeof change === "number");
  if (error) return <Failure>{error}</Failure>;
  return (
    <div class="scroll panel">
      <table class="plain scores">
        <caption class="unseen">Mean IoU of the labels in each picture, in points</caption>
        <thead>
          <tr>
            <th scope="col">Picture</th>
            {ordered && (
              <th scope="col" class="number">
                Change in the tables
              </th>
            )}
            {runs.map((id) => (
              <th scope="col" class="number">
                <RunName id={id} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {samples.map((sample, row) => (
            <tr key={sample.name}>
              <th scope="row">{sample.name}</th>
              {ordered && <td class="number">{sample.change === null ? "in no table" : signed(sample.change)}</td>}
              {runs.map((_, column) => (
                <td class="number">{data ? points(data[row]?.[column]) : "…"}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

async function scored(sample: Sample, run: string, labels: Label[], only: ReadonlySet<number> | null, step: number) {
  const cell = at(sample.cells[run], step);
  if (!cell) return null;
  const { truth, prediction } = await masksOf(cell, labels);
  return truth && prediction ? pictureScore(truth, prediction, only).miou : null;
}
