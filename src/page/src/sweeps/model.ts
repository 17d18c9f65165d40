/** A sweep as columns: places of all trials on all axes, so that drawing and brushing never look into objects. */
import { alike, choiceAxis, numberAxis, place, type Axis, type Value } from "./axis";

export interface Trial {
  /** Id of its run; null if none is on the board. */
  run: string | null;
  number: number;
  state: string;
  params: Record<string, Value>;
  value: number | null;
  cost_s: number | null;
  latency_ms: number | null;
  /** Parameters of the network. */
  size: number | null;
  ended: number | null;
  pruned: boolean;
}

/** A group is runs that share a W&B group and differ in their configurations: nothing says that one sweep started them. */
export type SweepKind = "sweep" | "group";

export interface SweepAnswer {
  name: string;
  /** Trials that a report of some of its runs is without. */
  left_out: number;
  kind: SweepKind;
  metric: { name: string | null; goal: "maximize" | "minimize"; metrics?: string[] };
  parameters: { name: string; kind: "number" | "choice"; log: boolean; values?: Value[] }[];
  trials: Trial[];
  importance: { name: string; share: number | null }[];
  /** Of how many trials that is told. */
  importance_from?: string | null;
  /** Why there is none, where there is none. */
  importance_why?: string | null;
  trails: { trials: [number, number][]; cost: [number, number][] };
}

/** A line of /api/sweeps. */
export interface SweepLine {
  name: string;
  kind: SweepKind;
  runs: number;
  state: string;
  metric: string | null;
  total: number | null;
  device_hours: number | null;
}

export interface Sweep {
  answer: SweepAnswer;
  trials: Trial[];
  maximize: boolean;
  /** Parameters, then the value. */
  axes: Axis[];
  value: Axis;
  /** Places by the axis's name. */
  places: Map<string, Float32Array>;
  values: Float64Array;
  /**
   * By rank, 0 for the worst, 1 for the best; equal values have one rank, and 0.5 where all are equal; NaN without a value. One
   * trial that failed badly must not make all others one colour.
   */
  merit: Float32Array;
  pruned: Uint8Array;
}

export function sweepOf(answer: SweepAnswer): Sweep {
  const { trials } = answer;
  const maximize = answer.metric.goal !== "minimize";
  const values = Float64Array.from(trials, (trial) => trial.value ?? NaN);
  const word = answer.metric.name ?? "value";
  const value = numberAxis(word, values, false);
  const parameters = answer.parameters.map(({ name, kind, log, values: declared }) => {
    const column = trials.map((trial) => trial.params[name] ?? null);
    return kind === "choice" ? choiceAxis(name, column, declared) : numberAxis(name, column.map(numeric), log);
  });
  const axes = [...parameters, value];
  const places = new Map(
    axes.map((axis) => [
      axis.name,
      Float32Array.from(trials, (trial) => place(axis, axis === value ? trial.value : trial.params[axis.name])),
    ]),
  );
  return {
    answer,
    trials,
    maximize,
    axes,
    value,
    places,
    values,
    merit: merits(values, maximize),
    pruned: Uint8Array.from(trials, (trial) => Number(trial.pruned || trial.state === "pruned")),
  };
}

function merits(values: Float64Array, maximize: boolean): Float32Array {
  const order = [...values.keys()].filter((trial) => !Number.isNaN(values[trial]));
  order.sort((a, b) => (maximize ? 1 : -1) * ((values[a] ?? 0) - (values[b] ?? 0)));
  const found = new Float32Array(values.length).fill(NaN);
  // Equal ones share the middle of their ranks
  const middles: number[] = [];
  for (let from = 0, to = 0; from < order.length; from = to) {
    while (to < order.length && alike(values[order[from] ?? 0] ?? 0, values[order[to] ?? 0] ?? 0)) to++;
    for (let rank = from; rank < to; rank++) middles[rank] = (from + to - 1) / 2;
  }
  const [low, high] = [middles[0] ?? 0, middles.at(-1) ?? 0];
  order.forEach((trial, rank) => (found[trial] = high > low ? ((middles[rank] ?? 0) - low) / (high - low) : 0.5));
  return found;
}

function numeric(value: Value): number {
  return typeof value === "number" ? value : NaN;
}

/** Indices of chosen trials, best first; those without a value last. */
export function ranked(sweep: Sweep, chosen: Uint8Array): number[] {
  const order = [...chosen.keys()].filter((trial) => chosen[trial]);
  const merit = (trial: number): number => {
    const value = sweep.merit[trial] ?? NaN;
    // A pruned trial's value is that of the step it was pruned at
    return Number.isNaN(value) ? -2 : value - (sweep.pruned[trial] ? 1 : 0);
  };
  return order.sort((a, b) => merit(b) - merit(a));
}

/** What a trial costs, by what Pareto fronts are asked for. */
export const COSTS = [
  ["latency", "Latency (ms)"],
  ["size", "Parameters"],
  ["hours", "Device hours"],
] as const;

export type Cost = (typeof COSTS)[number][0];

export function costsOf(trials: Trial[], cost: Cost): Float64Array {
  const of = {
    latency: (trial: Trial) => trial.latency_ms,
    size: (trial: Trial) => trial.size,
    hours: (trial: Trial) => (trial.cost_s === null ? null : trial.cost_s / 3600),
  }[cost];
  return Float64Array.from(trials, (trial) => of(trial) ?? NaN);
}

/** Cost in hours up to and with each trial, in the order in which they ended. */
export function spent(trials: Trial[]): Float64Array {
  const order = [...trials.keys()].sort((a, b) => (trials[a]?.ended ?? Infinity) - (trials[b]?.ended ?? Infinity));
  const found = new Float64Array(trials.length).fill(NaN);
  let sum = 0;
  for (const trial of order) {
    const cost = trials[trial]?.cost_s;
    if (typeof cost !== "number") continue;
    sum += cost / 3600;
    found[trial] = sum;
  }
  return found;
}
