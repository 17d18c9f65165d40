/** Metrics of the selected runs as curves. */
import { useMemo } from "preact/hooks";
import { choices } from "../address/address";
import { selected } from "../address/selection";
import { Charts, useNews } from "../curves/board";
import { standardMetrics } from "../curves/standard";
import { useLogged } from "../data/logged";
import { runs, runsLoaded } from "../data/runs";
import { Failure } from "../parts/basics";

export function Curves() {
  const ids = selected.value;
  const { data, error } = useLogged(ids, useNews(ids));
  const picked = choices("metrics");
  const loaded = runsLoaded.value;
  const standard = useMemo(() => standardMetrics(data?.metrics ?? [], ids, runs.peek()), [data, ids, loaded]);
  if (picked.length === 0 && !(data && loaded))
    return <div class="view">{error ? <Failure>{error}</Failure> : <p class="muted">Reading the metrics …</p>}</div>;
  return <Charts all={data?.metrics ?? []} chosen={picked.length > 0 ? picked : standard} axis="step" />;
}
