/** What the selected runs logged. */
import { runs } from "./runs";
import { frozen } from "./frozen";
import { useAnswer, type Answer } from "./answer";
import type { MetricKey } from "./table";

export interface Logged {
  metrics: MetricKey[];
  system: MetricKey[];
}

/** Metrics of these runs; a report has those of all of its runs. `version` asks again when it changes. */
export function useLogged(ids: readonly string[], version: number): Answer<Logged> {
  const asks = !frozen && ids.length > 0;
  const answer = useAnswer<Logged>(asks ? "/api/metrics" : null, { runs: [...ids].sort() }, version);
  const { metrics, system } = runs.value;
  return asks ? answer : { data: { metrics: [...metrics], system: [...system] }, error: null, busy: false };
}
