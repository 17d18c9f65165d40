/** Samples by runs. */
import { useEffect, useRef } from "preact/hooks";
import { RunName } from "../parts/basics";
import { signed } from "../numbers/shade";
import { at, type Sample } from "./answer";
import { Cell, PairCell } from "./cell";
import type { Label } from "./ids";
import { second, type Choices } from "./state";

interface Props {
  samples: Sample[];
  runs: readonly string[];
  labelsOf: (run: string) => Label[];
  now: Choices;
  step: number;
}

/** All runs side by side, each sample one line, the truth in front. */
export function Side({ samples, runs, labelsOf, now, step }: Props) {
  const base = now.pair?.[0] ?? runs[0] ?? "";
  return (
    <div class="grid-scroll scroll">
      <div class="pictures" style={{ "--runs": String(runs.length + 1) }}>
        <div class="line-head heads">
          <span class="muted">Truth</span>
          {runs.map((id) => (
            <RunName id={id} />
          ))}
        </div>
        {samples.map((sample) => {
          const shown = runs.map((id) => at(sample.cells[id], step));
          const common = { sample: sample.name, now, base: at(sample.cells[base], step) };
          return (
            <Line key={sample.name} sample={sample} wanted={now.sample === sample.name}>
              <Cell {...common} labels={labelsOf(base)} run={null} cell={shown.find((cell) => cell !== null) ?? null} />
              {runs.map((id, index) => (
                <Cell {...common} labels={labelsOf(id)} key={id} run={id} cell={shown[index] ?? null} />
              ))}
            </Line>
          );
        })}
      </div>
    </div>
  );
}

/** Two runs in one cell per sample, large. */
export function Pairs({ samples, labelsOf, now, step }: Omit<Props, "runs">) {
  const [a, b] = now.pair ?? ["", ""];
  const flick = now.mode === "flicker" ? (second.value ? 1 : 0) : null;
  return (
    <div class="grid-scroll scroll">
      <div class="pair-grid">
        <div class="heads row wrap">
          {flick !== 1 && <RunName id={a} />}
          {flick === null && <span class="muted">left, right</span>}
          {flick !== 0 && <RunName id={b} />}
        </div>
        {samples.map((sample) => (
          <Line key={sample.name} sample={sample} wanted={now.sample === sample.name}>
            <PairCell
              sample={sample.name}
              cells={[at(sample.cells[a], step), at(sample.cells[b], step)]}
              labels={labelsOf(a)}
              now={now}
              flick={flick}
            />
          </Line>
        ))}
      </div>
    </div>
  );
}

/** One sample; the one that the address names comes into sight. What orders the samples stands beside their names. */
function Line({ sample, wanted, children }: { sample: Sample; wanted: boolean; children: preact.ComponentChildren }) {
  const { name, change } = sample;
  const line = useRef<HTMLElement>(null);
  useEffect(() => {
    if (wanted) line.current?.scrollIntoView({ block: "center" });
  }, [wanted]);
  return (
    <section ref={line} class={`line-of ${wanted ? "wanted" : ""}`} aria-label={name}>
      <div class="row called">
        <h3 class="cut" title={name}>
          {name}
        </h3>
        {typeof change === "number" && (
          <span class={`fall ${change < 0 ? "down" : change > 0 ? "up" : ""}`}>{signed(change)} in the tables</span>
        )}
        {change === null && <span class="fall faint">in no table</span>}
      </div>
      {children}
    </section>
  );
}
