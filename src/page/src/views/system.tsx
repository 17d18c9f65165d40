/** Use of devices, CPU and memory, throughput and waiting of the selected runs, and what they cost. */
import { useMemo } from "preact/hooks";
import { choice, choices, setQuery } from "../address/address";
import { selected } from "../address/selection";
import { Charts, useNews } from "../curves/board";
import { Cost } from "../curves/cost";
import { PRESETS, presetKeys, standardSystem, systemKeys } from "../curves/presets";
import { runs } from "../data/runs";
import { Segments } from "../parts/basics";

export function System() {
  const { metrics, system } = runs.value;
  const ids = selected.value;
  const version = useNews(ids);
  const all = useMemo(() => systemKeys(metrics, system), [metrics, system]);
  const word = choice("show");
  const there = PRESETS.filter((preset) => presetKeys(preset.word, all).length > 0);
  const standard = useMemo(() => (word ? presetKeys(word, all) : standardSystem(all)), [word, all]);
  return (
    <Charts all={all} chosen={choices("metrics", standard)} axis="time">
      {there.length > 1 && (
        <Segments
          label="What is shown"
          value={word}
          options={[["", "At a glance"], ...there.map((preset) => [preset.word, preset.name] as const)]}
          onChange={(show) => setQuery({ show, metrics: null })}
        />
      )}
      {all.length === 0 && (
        <p class="notice">No run here has logged metrics of the system; W&B logs them unless it is told not to.</p>
      )}
      <Cost ids={ids} version={version} />
    </Charts>
  );
}
