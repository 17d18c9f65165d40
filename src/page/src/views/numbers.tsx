/** Numbers one can trust: paired comparison, labels, image by image, seeds. */
import { choice, setQuery } from "../address/address";
import { selected } from "../address/selection";
import { inBook } from "../data/ask";
import { useAnswer } from "../data/answer";
import { changed, fullNameOf } from "../data/runs";
import { askedFor } from "../data/whole";
import { Empty, Segments, Select } from "../parts/basics";
import { KINDS, SCORES, SPLITS, type MatrixAnswer } from "../numbers/answer";
import { Forest } from "../numbers/forest";
import { Matrix } from "../numbers/matrix";
import { Seeds } from "../numbers/seeds";
import { partners } from "../pictures/pair";
import { NotHeld } from "../report/not-held";
import { Strip } from "../numbers/strip";
import "../plot/plot.css";
import "../numbers/numbers.css";

export function Numbers() {
  const runs = [...selected.value];
  const version = changed.value.version;
  const split = choice("split") === "test" ? "test" : "val";
  const kind = KINDS.find(([word]) => word === choice("kind"))?.[0] ?? "iou";
  const score = choice("score", "miou");
  // A report offers what it holds
  const compared = (a: string, b: string) => inBook("/api/compare", { a, b, split, score });
  const bases = runs.filter((id) => partners(runs, id, compared).length > 0);
  const base = bases.includes(choice("a")) ? choice("a") : (bases[0] ?? runs[0] ?? "");
  const others = bases.length > 0 ? partners(runs, base, compared) : runs.filter((id) => id !== base);
  const other = others.includes(choice("b")) ? choice("b") : (others[0] ?? "");
  const table = choice("as") === "table";
  const asked = askedFor(runs);
  const answer = useAnswer<MatrixAnswer>(
    runs.length > 0 ? "/api/matrix" : null,
    { runs: asked, split, score: kind },
    version,
  );
  if (runs.length === 0) {
    return (
      <div class="view analysis numbers-view">
        <Empty title="No runs are selected">
          Select two or more runs in <a href="#/runs">the table</a>; here they are compared image by image, with
          intervals.
        </Empty>
      </div>
    );
  }
  const held = (label: string) => inBook("/api/images", { runs: asked, split, score: label });
  const labels =
    answer.data?.labels.filter(({ name }) => held(name)).map(({ name }) => [name, `IoU of ${name}`] as const) ?? [];
  return (
    <div class="view analysis numbers-view">
      <div class="row wrap">
        <Segments label="Split" value={split} options={SPLITS} onChange={(word) => setQuery({ split: word })} />
        <Select
          label="Base"
          value={base}
          options={(bases.length > 0 ? bases : runs).map((id) => [id, fullNameOf(id)])}
          onChange={(id) => setQuery({ a: id, b: id === other ? base : other })}
        />
        <Select
          label="Score"
          value={score}
          options={[...SCORES, ...labels]}
          onChange={(word) => setQuery({ score: word === "miou" ? null : word })}
        />
      </div>
      <div class="numbers">
        {bases.length > 0 || runs.length === 1 ? (
          <Forest {...{ base, others, other, split, score, version }} />
        ) : (
          <section class="panel" aria-label="Paired comparison">
            <NotHeld held={compared} />
          </section>
        )}
        <Matrix answer={answer} runs={runs} base={base} kind={kind} turned={choice("turned") === "true"} />
        {other !== "" && <Strip runs={asked} {...{ base, other, split, score, table, version }} />}
        <Seeds asked={asked} runs={runs} {...{ split, score, version }} />
      </div>
    </div>
  );
}
