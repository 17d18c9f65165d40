/** What differs between two runs: configuration, code, data, environment. */
import { choice, link, setQuery } from "../address/address";
import { selected } from "../address/selection";
import { useAnswer } from "../data/answer";
import { fullNameOf } from "../data/runs";
import { plural } from "../design/words";
import { Button, Empty, Failure, Segments, Select } from "../parts/basics";
import { NoRuns } from "../parts/no-runs";
import type { DifferenceAnswer } from "../difference/answer";
import { Code } from "../difference/code";
import { Data } from "../difference/data";
import { Entries } from "../difference/entries";
import { inBook } from "../data/ask";
import { heldPair, partners } from "../pictures/pair";
import { NotHeld } from "../report/not-held";
import "../plot/plot.css";
import "../difference/difference.css";

export function Difference() {
  const runs = selected.value;
  const pair = heldPair(runs, choice("a"), choice("b"), held);
  const [a, b] = pair ?? ["", ""];
  const { data, error, busy } = useAnswer<DifferenceAnswer>(pair ? "/api/difference" : null, { a, b });
  if (runs.length === 0) {
    return (
      <NoRuns>
        Select two runs in <a href={link("runs")}>the table</a>; here is shown what differs in their configuration,
        code, data and environment.
      </NoRuns>
    );
  }
  if (!pair && runs.length > 1) {
    return (
      <div class="view analysis difference-view">
        <NotHeld held={held} />
      </div>
    );
  }
  if (!pair) {
    return (
      <div class="view analysis difference-view">
        <Empty title="Two runs make a difference">
          Select two runs in <a href="#/runs">the table</a>; here is shown what differs in their configuration, code,
          data and environment.
        </Empty>
      </div>
    );
  }
  const named = (ids: readonly string[]) => ids.map((id) => [id, fullNameOf(id)] as const);
  const from = named(runs.filter((id) => partners(runs, id, held).length > 0));
  const tree = choice("keys") === "tree";
  return (
    <div class="view analysis difference-view" aria-busy={busy}>
      <div class="row wrap">
        <Select label="From" value={a} options={from} onChange={(id) => setQuery({ a: id, b: id === b ? a : b })} />
        <Button aria-label="Swap the two" title="Swap the two" onClick={() => setQuery({ a: b, b: a })}>
          ⇄
        </Button>
        <Select
          label="to"
          value={b}
          options={named(runs.filter((id) => id === a || held(a, id)))}
          onChange={(id) => setQuery({ b: id, a: id === a ? b : a })}
        />
      </div>
      {error && <Failure>{error}</Failure>}
      {data && (
        <>
          <section class="panel" aria-label="Configuration">
            <header>
              <h2>Configuration</h2>
              <span class="muted grow">
                {data.config.length === 0 ? "the same" : `${plural(data.config.length, "key differs", "keys differ")}`}
              </span>
              <Segments
                label="Keys"
                value={tree ? "tree" : "flat"}
                options={[
                  ["flat", "Flat"],
                  ["tree", "Tree"],
                ]}
                onChange={(word) => setQuery({ keys: word === "flat" ? null : word })}
              />
            </header>
            {data.config.length > 0 && (
              <Entries entries={data.config} {...{ a, b, tree }} caption="Configuration that differs" />
            )}
          </section>
          <section class="panel" aria-label="Code">
            <header>
              <h2>Code</h2>
            </header>
            <Code code={data.code} {...{ a, b }} />
          </section>
          <section class="panel" aria-label="Data">
            <header>
              <h2>Data</h2>
            </header>
            <Data data={data.data} />
          </section>
          <section class="panel" aria-label="Environment">
            <header>
              <h2>Environment</h2>
              {data.environment.length === 0 && <span class="muted">the same</span>}
            </header>
            {data.environment.length > 0 && (
              <Entries entries={data.environment} {...{ a, b }} tree={false} caption="Environment that differs" />
            )}
          </section>
        </>
      )}
    </div>
  );
}

function held(a: string, b: string): boolean {
  return inBook("/api/difference", { a, b });
}
