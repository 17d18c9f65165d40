/** Use of devices, CPU and memory, throughput and waiting of the selected runs, and what they cost. */
import { useMemo } from "preact/hooks";
import { choice, choices, setQuery } from "../address/address";
import { selected } from "../address/selection";
import { Charts, useNews } from "../curves/board";
import { Cost } from "../curves/cost";
import { PRESETS, presetKeys, standardSystem, systemKeys } from "../curves/presets";
import { useLogged } from "../data/logged";
import { Failure, Segments } from "../parts/basics";

export function System() {
  const ids = selected.value;
  const version = useNews(ids);
  const { data, error } = useLogged(ids, version);
  const all = useMemo(() => systemKeys(data?.metrics ?? [], data?.system ?? []), [data]);
  const word = choice("show");
  const there = PRESETS.filter((preset) => presetKeys(preset.word, all).length > 0);
  const standard = useMemo(() => (word ? presetKeys(word, all) : standardSystem(all)), [word, all]);
  if (!data)
    return <div class="view">{error ? <Failure>{error}</Failure> : <p class="muted">Reading the metrics …</p>}</div>;
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
        <p class="notice">
          None of the selected runs has logged metrics of the system; W&B logs them unless it is told not to.
        </p>
      )}
      <Cost ids={ids} version={version} />
    </Charts>
  );
}
