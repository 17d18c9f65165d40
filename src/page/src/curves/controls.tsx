/** The line of controls above the charts. */
import { setQuery } from "../address/address";
import { runs } from "../data/runs";
import { Button, Check, Segments, Select, Slider } from "../parts/basics";
import { AXES, type Settings } from "./settings";
import { xWords } from "./places";

export function Controls({ settings }: { settings: Settings }) {
  const { axis, zoom, smoothing, over, spread, size } = settings;
  const columns = [...runs.value.columns.values()].filter(
    ({ key, kind, from }) =>
      (from === "config" || ["group", "tags", "state", "data", "sweep", "job_type"].includes(key)) && kind !== "time",
  );
  return (
    <div class="row wrap controls">
      <Segments
        label="Horizontal axis"
        value={axis}
        options={AXES}
        onChange={(x) => setQuery({ x, from: null, to: null })}
      />
      <Slider
        label="Smoothing"
        value={smoothing}
        max={0.99}
        show={(value) => value.toFixed(2)}
        onInput={(value) => setQuery({ smooth: value > 0 ? String(value) : null }, true)}
      />
      <Check label="log x" checked={settings.logX} onChange={(on) => setQuery({ logx: on ? "1" : null })} />
      <Check label="log y" checked={settings.logY} onChange={(on) => setQuery({ logy: on ? "1" : null })} />
      <Select
        label="Bands over"
        value={over}
        options={[
          ["", "nothing"],
          ["seeds", "seeds"],
          ...columns.map(({ key }) => [key, key.replace(/^config\./, "")] as const),
        ]}
        onChange={(value) => setQuery({ bands: value })}
      />
      {over !== "" && (
        <Segments
          label="Band"
          value={spread}
          options={[
            ["range", "min–max"],
            ["std", "± std"],
          ]}
          onChange={(value) => setQuery({ spread: value === "std" ? "std" : null })}
        />
      )}
      <Segments
        label="Size of charts"
        value={size}
        options={[
          ["small", "S"],
          ["medium", "M"],
          ["large", "L"],
        ]}
        onChange={(value) => setQuery({ size: value === "medium" ? null : value })}
      />
      {zoom && (
        <Button pressed onClick={() => settings.onZoom(null)} title="Show the whole range again">
          {xWords(zoom.low, axis)} … {xWords(zoom.high, axis)} ✕
        </Button>
      )}
    </div>
  );
}
