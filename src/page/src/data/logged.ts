/** What the selected runs logged. */
import { useMemo } from "preact/hooks";
import { useAnswer, type Answer } from "./answer";
import { frozen, frozenAnswer } from "./frozen";
import type { MetricKey } from "./table";

export interface Logged {
  metrics: MetricKey[];
  system: MetricKey[];
}

type Keys = Partial<Record<keyof Logged, string[]>>;

/** Metrics of these runs. `version` asks again when it changes. */
export function useLogged(ids: readonly string[], version: number): Answer<Logged> {
  const asks = !frozen && ids.length > 0;
  const answer = useAnswer<Logged>(asks ? "/api/metrics" : null, { runs: [...ids].sort() }, version);
  const held = useMemo(() => (asks ? null : heldOf(ids)), [asks, ids]);
  return held ? { data: held, error: null, busy: false } : answer;
}

/** The same of a report, counted from what it holds of each run: it was frozen before anybody selected a part of its runs. */
export function heldOf(ids: readonly string[]): Logged {
  const held = ids.map((id) => frozenAnswer(`/api/run/${encodeURIComponent(id)}`) as Keys | undefined);
  return {
    metrics: counted(held.map((one) => one?.metrics ?? [])),
    system: counted(held.map((one) => one?.system ?? [])),
  };
}

function counted(lists: readonly (readonly string[])[]): MetricKey[] {
  const many = new Map<string, number>();
  for (const key of lists.flat()) many.set(key, (many.get(key) ?? 0) + 1);
  return [...many].map(([key, runs]) => ({ key, runs })).sort((a, b) => (a.key < b.key ? -1 : 1));
}
