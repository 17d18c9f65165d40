/** Numbers one can trust: paired comparison, labels, image by image, seeds. */
import { choice, link, setQuery } from "../address/address";
import { selected } from "../address/selection";
import { inBook } from "../data/ask";
import { useAnswer } from "../data/answer";
import { changed, fullNameOf } from "../data/runs";
import { askedFor } from "../data/whole";
import { Segments, Select } from "../parts/basics";
import { NoRuns } from "../parts/no-runs";
import { KINDS, SPLITS, type MatrixAnswer } from "../numbers/answer";
import { Forest } from "../numbers/forest";
import { Matrix } from "../numbers/matrix";
import { factorOf, lacks, shared, type ScoresAnswer } from "../numbers/scores";
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
  const asked = askedFor(runs);
  const told = useAnswer<ScoresAnswer>(runs.length > 0 ? "/api/scores" : null, { runs: asked, split }, version);
  const offers = told.data?.runs ?? {};
  const wanted = runs.includes(choice("a")) ? choice("a") : (runs[0] ?? "");
  const beside = runs.find((id) => id !== wanted && id === choice("b")) ?? runs.find((id) => id !== wanted) ?? "";
  const held = (score: string) => inBook("/api/images", { runs: asked, split, score });
  const first = shared(offers, wanted, beside).find(([score]) => held(score))?.[0] ?? "miou";
  const score = choice("score", first);
  // A report offers what it holds
  const compared = (a: string, b: string) => inBook("/api/compare", { a, b, split, score });
  const bases = runs.filter((id) => partners(runs, id, compared).length > 0);
  const base = bases.includes(wanted) ? wanted : (bases[0] ?? runs[0] ?? "");
  const others = bases.length > 0 ? partners(runs, base, compared) : runs.filter((id) => id !== base);
  const other = others.includes(choice("b")) ? choice("b") : (others[0] ?? "");
  const table = choice("as") === "table";
  // Until it is known what there is to ask for, nothing is
  const known = told.error !== null || runs.every((id) => offers[id] !== undefined);
  const labelled = told.error !== null || runs.some((id) => offers[id]?.by_label);
  const answer = useAnswer<MatrixAnswer>(
    known && labelled && runs.length > 0 ? "/api/matrix" : null,
    { runs: asked, split, score: kind },
    version,
  );
  if (runs.length === 0) {
    return (
      <NoRuns>
        Select two or more runs in <a href={link("runs")}>the table</a>; here they are compared image by image, with
        intervals.
      </NoRuns>
    );
  }
  const there = shared(offers, base, other).filter(([score]) => held(score));
  const options = there.some(([word]) => word === score) ? there : [...there, [score, score] as const];
  const factor = factorOf(offers, base, other);
  const kindName = KINDS.find(([word]) => word === kind)?.[1];
  const none = `None of these runs has ${kindName} by label on ${split}: neither a per-image table nor logged values such as ${split}/${kind}/LABEL.`;
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
          options={options}
          onChange={(word) => setQuery({ score: word === first ? null : word })}
        />
      </div>
      {known && (
        <div class="numbers">
          {bases.length > 0 || runs.length === 1 ? (
            <Forest
              {...{ base, others, other, split, score, version }}
              lacking={(run) => lacks(offers, run, base, score)}
            />
          ) : (
            <section class="panel" aria-label="Paired comparison">
              <NotHeld held={compared} />
            </section>
          )}
          <Matrix
            {...{ answer, runs, base, kind }}
            none={labelled ? null : none}
            turned={choice("turned") === "true"}
          />
          {other !== "" && <Strip runs={asked} {...{ base, other, split, score, factor, table, version }} />}
          <Seeds asked={asked} runs={runs} {...{ split, score, factor, version }} />
        </div>
      )}
    </div>
  );
}
