/** Why a report has nothing on the selected runs: of many runs it holds the comparisons with one. */
import { fullNameOf, runs } from "../data/runs";
import { count } from "../design/words";
import { Empty } from "../parts/basics";
import { baseOf } from "../pictures/pair";

export function NotHeld({ held }: { held: (a: string, b: string) => boolean }) {
  const { ids } = runs.value;
  const base = baseOf(ids, held);
  return (
    <Empty title="These runs are not compared in this report">
      {base === undefined
        ? "It was frozen without comparisons; open the board itself for them."
        : `Of its ${count(ids.length)} runs it holds the comparisons with ${fullNameOf(base)}; select that one, too, or open the board itself.`}
    </Empty>
  );
}
