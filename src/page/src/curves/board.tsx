/** Small multiples over the selected runs: what the views of curves and of the system both are. */
import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { choice, link, setChoices, setQuery } from "../address/address";
import { selected } from "../address/selection";
import type { XAxis } from "../data/curves";
import { changed } from "../data/runs";
import type { MetricKey } from "../data/table";
import { useKeys } from "../keyboard";
import { Empty } from "../parts/basics";
import { NoRuns } from "../parts/no-runs";
import { Chart } from "./chart";
import { Controls } from "./controls";
import { Metrics } from "./metrics";
import { useSettings } from "./settings";
import "./curves.css";

interface Props {
  all: readonly MetricKey[];
  chosen: readonly string[];
  axis: XAxis;
  /** Shown above the charts. */
  children?: ComponentChildren;
}

/** In the address: no metric, as nothing there means the standard ones. */
const NONE = "-";

/** Grows when one of these runs has new rows. */
export function useNews(ids: readonly string[]): number {
  const news = changed.value;
  const seen = useRef({ news, many: 0 });
  if (seen.current.news !== news) {
    const mine = ids.some((id) => news.ids.has(id));
    seen.current = { news, many: seen.current.many + (mine ? 1 : 0) };
  }
  return seen.current.many;
}

export function Charts({ all, chosen, axis, children }: Props) {
  const ids = selected.value;
  const settings = useSettings(ids, axis);
  const version = useNews(ids);
  const large = choice("large");
  const setLarge = (metric: string): void => setQuery({ large: large === metric ? null : metric });
  const choose = (keys: readonly string[]): void => setChoices("metrics", keys.length > 0 ? keys : [NONE]);
  useKeys([
    {
      key: "/",
      does: "search metrics",
      act: () => document.querySelector<HTMLElement>('[aria-label="Search metrics"]')?.focus(),
    },
    { key: "0", does: "the whole range again (as a double click)", act: () => settings.onZoom(null) },
    { key: "→ ←", does: "on a chart: the next point; with Shift a range, which Enter zooms into" },
    { key: "↓ ↑", does: "on a chart: the next line" },
    { key: "l", does: "logarithmic values", act: () => setQuery({ logy: settings.logY ? null : "1" }) },
    {
      key: "s",
      does: "more smoothing, then none",
      act: () => setQuery({ smooth: settings.smoothing >= 0.9 ? null : String(settings.smoothing === 0 ? 0.5 : 0.9) }),
    },
  ]);
  if (ids.length === 0) {
    return (
      <NoRuns>
        Select some in the <a href={link("runs")}>table of runs</a>: all views show them.
      </NoRuns>
    );
  }
  const shown = large ? [large] : chosen.filter((key) => key !== NONE);
  return (
    <div class="view curves">
      {children}
      <Controls settings={settings} />
      <div class="sides">
        <details class="panel side" open={innerWidth > 860}>
          <summary>Metrics</summary>
          <Metrics all={all} chosen={shown} onChange={choose} />
        </details>
        {shown.length === 0 ? (
          <Empty title="No metric chosen">Choose some in the list of metrics.</Empty>
        ) : (
          <div class={`charts ${large ? "one" : settings.size}`}>
            {shown.map((metric) => (
              <Chart
                key={metric}
                {...{ metric, ids, settings, version }}
                large={metric === large}
                onLarge={() => setLarge(metric)}
                {...(large ? {} : { onClose: () => choose(chosen.filter((key) => key !== metric)) })}
              />
            ))}
          </div>
        )}
      </div>
    </div>
  );
}
