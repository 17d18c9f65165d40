/** Sweeps: their list, and one of them with its trials in plots that share one selection. */
import { useMemo } from "preact/hooks";
import { address, choice, link, setQuery } from "../address/address";
import { useAnswer } from "../data/answer";
import { frozen } from "../data/frozen";
import { changed } from "../data/runs";
import { count, number, plural } from "../design/words";
import { Button, Check, Chip, Empty, Failure, Segments, Select, State } from "../parts/basics";
import { read, selected as brushedTrials, type Brushes } from "../sweeps/brush";
import { sweepOf, type Sweep, type SweepAnswer, type SweepLine } from "../sweeps/model";
import { BestSoFar, Contour, Importance, Pareto, Slices } from "../sweeps/panels";
import { Parallel } from "../sweeps/parallel";
import { dragged, keep } from "../sweeps/state";
import { OneTrial, Trials } from "../sweeps/trials";
import "../plot/plot.css";
import "../sweeps/sweeps.css";

export function Sweeps() {
  const [name] = address.value.path;
  return name === undefined ? <SweepList /> : <OneSweep name={name} />;
}

function SweepList() {
  const { data, error } = useAnswer<SweepLine[]>("/api/sweeps", {}, changed.value.version);
  return (
    <div class="view analysis sweeps-view">
      {error && <Failure>{error}</Failure>}
      {data?.length === 0 && (
        <Empty title="There are no sweeps here">
          Runs with one sweep's name in their configuration or one sweep id of W&B show here as a sweep, and so do those
          of one W&B group that differ in their configurations. Start one with kirie sweep.
        </Empty>
      )}
      {data && data.length > 0 && (
        <section class="panel scroll" aria-label="Sweeps">
          <table class="plain">
            <thead>
              <tr>
                <th scope="col">Sweep</th>
                <th scope="col" class="number">
                  Runs
                </th>
                <th scope="col">State</th>
                <th scope="col">Metric</th>
                <th scope="col" class="number nowrap">
                  Device hours
                </th>
              </tr>
            </thead>
            <tbody>
              {data.map(({ name, kind, runs, total, state, metric, device_hours }) => (
                <tr key={name}>
                  <td class="nowrap">
                    <a href={link("sweeps", [name], {})}>{name}</a> {kind === "group" && <OfGroup />}
                  </td>
                  <td class="number">{total ? `${count(runs)} of ${count(total)}` : count(runs)}</td>
                  <td>{state && <State state={state} />}</td>
                  <td>{metric ?? "–"}</td>
                  <td class="number">{number(device_hours)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </div>
  );
}

function OfGroup() {
  return <Chip title="Runs of one W&B group that differ in their configurations">group</Chip>;
}

function OneSweep({ name }: { name: string }) {
  const { data, error } = useAnswer<SweepAnswer>(
    `/api/sweeps/${encodeURIComponent(name)}`,
    { metric: choice("metric") || null, goal: choice("goal") || null },
    changed.value.version,
  );
  const sweep = useMemo(() => (data ? sweepOf(data) : null), [data]);
  const metrics = data?.metric.metrics ?? [];
  return (
    <div class="view analysis sweeps-view">
      <div class="row wrap">
        <a href="#/sweeps">All sweeps</a>
        <h1>{name}</h1>
        {data?.kind === "group" && <OfGroup />}
        {sweep && <Summary sweep={sweep} />}
        {data && metrics.length > 0 && !frozen && (
          <>
            <Select
              label="Metric"
              value={data.metric.name ?? ""}
              options={[...(data.metric.name ? [] : [["", "choose one"] as const]), ...metrics.map(same)]}
              onChange={(metric) => setQuery({ metric, goal: null, brush: null })}
            />
            <Segments
              label="Better"
              value={data.metric.goal}
              options={GOALS}
              onChange={(goal) => setQuery({ metric: data.metric.name, goal })}
            />
          </>
        )}
      </div>
      {error && <Failure>{error}</Failure>}
      {data && data.left_out > 0 && (
        <p class="notice">
          This report holds {count(data.trials.length)} of the sweep's {count(data.trials.length + data.left_out)}{" "}
          trials; all that is shown here is of these alone.
        </p>
      )}
      {data?.kind === "group" && (
        <p class="muted">
          These runs share a W&B group and differ in their configurations; no sweep is known to have started them. What
          mattered and what was best hold only as far as they were made to be compared.
        </p>
      )}
      {sweep?.trials.length === 0 && (
        <Empty title="No trials yet">The first one shows here as soon as its run is written.</Empty>
      )}
      {sweep && sweep.trials.length > 0 && <Plots sweep={sweep} />}
    </div>
  );
}

const GOALS = [
  ["maximize", "Higher is better"],
  ["minimize", "Lower is better"],
] as const;

function same(word: string): readonly [string, string] {
  return [word, word];
}

function Summary({ sweep }: { sweep: Sweep }) {
  const states = new Map<string, number>();
  for (const { state } of sweep.trials) states.set(state, (states.get(state) ?? 0) + 1);
  const best = sweep.answer.trails.trials.at(-1)?.[1];
  const metric = sweep.answer.metric.name;
  return (
    <>
      <span class="muted">
        {metric === null ? (
          "Nothing that these runs logged says how good they are."
        ) : (
          <>
            {sweep.maximize ? "highest" : "lowest"} {metric} <b class="ink">{number(best)}</b>
          </>
        )}
      </span>
      {[...states].map(([state, many]) => (
        <Chip tone={state === "failed" || state === "crashed" ? "bad" : ""}>
          {count(many)} {state}
        </Chip>
      ))}
    </>
  );
}

function Plots({ sweep }: { sweep: Sweep }) {
  const word = choice("brush");
  const kept = useMemo(() => read(word), [word]);
  const brushes: Brushes = dragged.value ?? kept;
  const withPruned = choice("pruned") !== "hidden";
  const shown = useMemo(() => sweep.pruned.map((pruned) => (pruned && !withPruned ? 0 : 1)), [sweep, withPruned]);
  const chosen = useMemo(
    () => brushedTrials(sweep.places, sweep.trials.length, brushes).map((on, trial) => on & (shown[trial] ?? 0)),
    [sweep, brushes, shown],
  );
  // The other plots follow when the drag rests: only the lines must keep up with the hand
  const settled = useMemo(
    () => brushedTrials(sweep.places, sweep.trials.length, kept).map((on, trial) => on & (shown[trial] ?? 0)),
    [sweep, kept, shown],
  );
  const number = choice("trial");
  const picked = number === "" ? -1 : sweep.trials.findIndex((trial) => String(trial.number) === number);
  const all = { sweep, shown, chosen: settled, picked };
  const table = choice("as") === "table";
  return (
    <>
      <section class="panel" aria-label="Trials over parameters">
        <header>
          <h2>Parameters</h2>
          <span class="muted grow" role="status">
            {count(chosen.reduce((sum, on) => sum + on, 0))} of {plural(sweep.trials.length, "trial")} selected
          </span>
          {brushes.size > 0 && <Button onClick={() => keep(new Map())}>Clear brushes</Button>}
          <Check label="Pruned" checked={withPruned} onChange={(on) => setQuery({ pruned: on ? null : "hidden" })} />
          <Check label="As a table" checked={table} onChange={(on) => setQuery({ as: on ? "table" : null })} />
        </header>
        {!table && <Parallel {...{ sweep, brushes, shown, chosen, picked }} />}
        {(!table || picked >= 0) && <OneTrial sweep={sweep} picked={picked} />}
      </section>
      {!table && (
        <div class="sweep-grid">
          <Importance sweep={sweep} />
          <BestSoFar {...all} />
          <Pareto {...all} />
          <Contour {...all} />
        </div>
      )}
      {!table && <Slices {...all} />}
      <Trials sweep={sweep} chosen={settled} rows={table ? 500 : 10} />
    </>
  );
}
