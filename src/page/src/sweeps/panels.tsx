/** The plots below the parallel coordinates, all of one selection. */
import { useMemo } from "preact/hooks";
import { choice, setQuery } from "../address/address";
import { Segments, Select } from "../parts/basics";
import { short } from "../plot/ticks";
import { number } from "../design/words";
import { alike, numberAxis, place, type Axis } from "./axis";
import { meritColor } from "./lines";
import { costsOf, COSTS, spent, type Cost, type Sweep } from "./model";
import { front } from "./pareto";
import { tail } from "./parallel";
import { Scatter, type Field } from "./scatter";
import { field, level, slice } from "./smooth";

export interface Shown {
  sweep: Sweep;
  shown: Uint8Array;
  chosen: Uint8Array;
  picked: number;
}

const SLICE_STEPS = 40;
const FIELD_STEPS = 48;
const LEVELS = 7;

/** How much of the value each parameter explains. */
export function Importance({ sweep }: { sweep: Sweep }) {
  const rows = sweep.answer.importance;
  return (
    <section class="panel" aria-label="Importance">
      <header>
        <h2 class="grow">What mattered</h2>
        <span class="muted cut">{sweep.answer.importance_from}</span>
      </header>
      <div class="body">
        {rows.length === 0 && (
          <p class="muted">{sweep.answer.importance_why ?? "Of these trials nothing can be told."}</p>
        )}
        <table class="bars">
          <tbody>
            {rows.map(({ name, share }) => (
              <tr key={name}>
                <th scope="row" title={name}>
                  {tail(name)}
                </th>
                <td>
                  <span class="bar-of" style={{ width: `${(share ?? 0) * 100}%` }} />
                </td>
                <td class="number">{shareWords(share)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** A share is estimated from some trials: one near none is not known to be none. */
export function shareWords(share: number | null): string {
  return share === null ? "–" : share < 0.01 ? "< 1 %" : `${(share * 100).toFixed(0)} %`;
}

export function BestSoFar(props: Shown) {
  const { sweep } = props;
  const over = choice("over") === "cost" ? "cost" : "trials";
  const trail = sweep.answer.trails[over];
  const plot = useMemo(() => {
    const along = over === "cost" ? spent(sweep.trials) : Float64Array.from(sweep.trials, (trial) => trial.number);
    const line = trail.map(([x, best]): [number, number] => [over === "cost" ? x / 3600 : x, best]);
    const axis = numberAxis(over, [0, ...along, ...line.map(([x]) => x)], false);
    return {
      axis,
      xs: placed(axis, along),
      line: line.map(([x, best]): [number, number] => [place(axis, x), place(sweep.value, best)]),
    };
  }, [sweep, over]);
  const best = trail.at(-1)?.[1];
  return (
    <section class="panel" aria-label="Best so far">
      <header>
        <h2 class="grow">Best so far</h2>
        <Segments
          label="Over"
          value={over}
          options={[
            ["trials", "Trials"],
            ["cost", "Device hours"],
          ]}
          onChange={(word) => setQuery({ over: word })}
        />
      </header>
      <Scatter
        {...props}
        x={plot.axis}
        y={sweep.value}
        xs={plot.xs}
        ys={valuePlaces(sweep)}
        line={plot.line}
        stepped
        height={230}
        label={`Best ${sweep.value.name} over ${over}: ${number(best)} in the end`}
      />
    </section>
  );
}

export function Pareto(props: Shown) {
  const { sweep, chosen, shown } = props;
  const known = useMemo(
    () => COSTS.filter(([cost]) => costsOf(sweep.trials, cost).some((value) => !Number.isNaN(value))),
    [sweep],
  );
  const cost: Cost = known.find(([word]) => word === choice("pareto"))?.[0] ?? known[0]?.[0] ?? "hours";
  const plot = useMemo(() => {
    const costs = costsOf(sweep.trials, cost);
    const axis = numberAxis(cost, costs, cost === "size");
    const xs = placed(axis, costs);
    // A pruned trial's value is not what it cost would buy
    const counted = costs.map((value, trial) => (shown[trial] && chosen[trial] && !sweep.pruned[trial] ? value : NaN));
    const best = front(counted, sweep.values, sweep.maximize);
    const ys = valuePlaces(sweep);
    return { axis, xs, best, line: best.map((trial): [number, number] => [xs[trial] ?? NaN, ys[trial] ?? NaN]) };
  }, [sweep, cost, chosen, shown]);
  return (
    <section class="panel" aria-label="Pareto front">
      <header>
        <h2 class="grow">Value against cost</h2>
        {known.length > 0 && (
          <Segments label="Cost" value={cost} options={known} onChange={(word) => setQuery({ pareto: word })} />
        )}
      </header>
      {known.length === 0 ? (
        <p class="body muted">Neither latency nor size nor time of these trials is known.</p>
      ) : (
        <Scatter
          {...props}
          x={plot.axis}
          y={sweep.value}
          xs={plot.xs}
          ys={valuePlaces(sweep)}
          line={plot.line}
          stepped
          height={300}
          label={`${plot.best.length} trials that none beats in both ${sweep.value.name} and ${cost}`}
        />
      )}
    </section>
  );
}

export function Slices(props: Shown) {
  const { sweep, chosen } = props;
  const lines = useMemo(() => {
    const values = counted(sweep, chosen);
    return sweep.axes.slice(0, -1).map((axis) => {
      const smooth =
        axis.kind === "number" ? slice(sweep.places.get(axis.name) as Float32Array, values, SLICE_STEPS) : null;
      return (
        smooth && [...smooth].map((value, k): [number, number] => [k / (SLICE_STEPS - 1), place(sweep.value, value)])
      );
    });
  }, [sweep, chosen]);
  return (
    <section class="panel" aria-label="Slices">
      <header>
        <h2 class="grow">Slices</h2>
        <span class="muted cut">{sweep.value.name} against each parameter, and its running mean</span>
      </header>
      <div class="slices">
        {sweep.axes.slice(0, -1).map((axis, index) => (
          <figure key={axis.name}>
            <figcaption class="cut" title={axis.name}>
              {tail(axis.name)}
            </figcaption>
            <Scatter
              {...props}
              x={axis}
              y={sweep.value}
              xs={sweep.places.get(axis.name) as Float32Array}
              ys={valuePlaces(sweep)}
              {...(lines[index] ? { line: lines[index] } : {})}
              height={180}
              label={`${sweep.value.name} against ${axis.name}`}
            />
          </figure>
        ))}
      </div>
    </section>
  );
}

export function Contour(props: Shown) {
  const { sweep, chosen } = props;
  const numbers = sweep.axes.slice(0, -1).filter((axis) => axis.kind === "number");
  const find = (word: string, otherwise: Axis | undefined) => numbers.find((axis) => axis.name === word) ?? otherwise;
  const byImportance = sweep.answer.importance.flatMap(({ name }) => numbers.filter((axis) => axis.name === name));
  const x = find(choice("x"), byImportance[0] ?? numbers[0]);
  const y = find(
    choice("y"),
    [...byImportance, ...numbers].find((axis) => axis !== x),
  );
  const map = useMemo(() => (x && y ? fieldOf(sweep, chosen, x, y) : null), [sweep, chosen, x, y]);
  if (!x || !y) return null;
  const options = numbers.map((axis) => [axis.name, tail(axis.name)] as const);
  return (
    <section class="panel" aria-label="Contour">
      <header>
        <h2 class="grow">Two parameters</h2>
        <Select label="x" value={x.name} options={options} onChange={(name) => setQuery({ x: name })} />
        <Select label="y" value={y.name} options={options} onChange={(name) => setQuery({ y: name })} />
      </header>
      {map?.flat && (
        <p class="body muted">
          Every selected trial that ran to its end came to {sweep.value.name} {number(map.low)}: there is nothing to
          map.
        </p>
      )}
      <Scatter
        {...props}
        x={x}
        y={y}
        xs={sweep.places.get(x.name) as Float32Array}
        ys={sweep.places.get(y.name) as Float32Array}
        field={map?.flat ? null : map}
        height={278}
        label={`Mean ${sweep.value.name} over ${x.name} and ${y.name}`}
      />
      {map && !map.flat && (
        <p class="scale muted">
          {short(map.low)}
          <span style={{ background: gradient(sweep.maximize) }} />
          {short(map.high)} <span class="grow cut">mean {sweep.value.name}; blank where nothing was tried</span>
        </p>
      )}
    </section>
  );
}

/** The colours of the field from its least value to its greatest. */
function gradient(maximize: boolean): string {
  const stops = Array.from({ length: 9 }, (_, k) => meritColor(maximize ? k / 8 : 1 - k / 8));
  return `linear-gradient(90deg, ${stops.join(", ")})`;
}

interface Landscape extends Field {
  low: number;
  high: number;
  /** Nothing but rounding lies between the two. */
  flat: boolean;
}

function fieldOf(sweep: Sweep, chosen: Uint8Array, x: Axis, y: Axis): Landscape | null {
  const [across, up] = [x, y].map((axis) => sweep.places.get(axis.name) as Float32Array);
  const values = field(across as Float32Array, up as Float32Array, counted(sweep, chosen), FIELD_STEPS);
  const known = [...values].filter((value) => !Number.isNaN(value));
  if (known.length === 0) return null;
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const heights = Array.from({ length: LEVELS }, (_, k) => low + ((k + 1) / (LEVELS + 1)) * (high - low));
  const merit = (value: number) => (sweep.maximize ? value - low : high - value) / (high - low);
  return {
    values,
    steps: FIELD_STEPS,
    lines: heights.flatMap((height) => level(values, FIELD_STEPS, height)),
    merit,
    low,
    high,
    flat: alike(low, high),
  };
}

/** Values of chosen trials that ran to their end; NaN for others. */
function counted(sweep: Sweep, chosen: Uint8Array): Float64Array {
  return sweep.values.map((value, trial) => (chosen[trial] && !sweep.pruned[trial] ? value : NaN));
}

function placed(axis: Axis, values: Float64Array): Float32Array {
  return Float32Array.from(values, (value) => (Number.isNaN(value) ? NaN : place(axis, value)));
}

function valuePlaces(sweep: Sweep): Float32Array {
  return sweep.places.get(sweep.value.name) as Float32Array;
}
