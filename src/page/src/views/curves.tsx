/** Metrics of the selected runs as curves. */
import { useMemo } from "preact/hooks";
import { choices } from "../address/address";
import { Charts } from "../curves/board";
import { standardMetrics } from "../curves/metrics";
import { runs } from "../data/runs";

export function Curves() {
  const { metrics } = runs.value;
  const standard = useMemo(() => standardMetrics(metrics), [metrics]);
  return <Charts all={metrics} chosen={choices("metrics", standard)} axis="step" />;
}
