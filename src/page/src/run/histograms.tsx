/** Histograms over steps: each column a step, each place its share of the values there. */
import { useCallback, useState } from "preact/hooks";
import { choice, setQuery } from "../address/address";
import { useAnswer } from "../data/answer";
import { token } from "../design/colors";
import { theme } from "../design/theme";
import { number } from "../design/words";
import { Failure, Select } from "../parts/basics";
import { Canvas } from "../parts/canvas";

interface Answer {
  steps: number[];
  /** Edges for all steps, or for each its own. */
  bins: number[] | number[][];
  counts: number[][];
}

const LEFT = 64;
const BOTTOM = 26;

function edgesAt({ bins }: Answer, at: number): number[] {
  const own = bins[at];
  return Array.isArray(own) ? own : (bins as number[]);
}

export function Histograms({ id, keys, version }: { id: string; keys: readonly string[]; version: number }) {
  const key = keys.includes(choice("key")) ? choice("key") : (keys[0] ?? "");
  const { data, error } = useAnswer<Answer>(`/api/run/${encodeURIComponent(id)}/histogram`, { key }, version);
  return (
    <div class="stack">
      <div class="row">
        <Select
          label="Histogram"
          value={key}
          options={keys.map((one) => [one, one] as const)}
          onChange={(next) => setQuery({ key: next })}
        />
      </div>
      {error && <Failure>{error}</Failure>}
      {data && data.steps.length > 0 && <Heat answer={data} label={key} />}
    </div>
  );
}

function Heat({ answer, label }: { answer: Answer; label: string }) {
  const [here, setHere] = useState<string>("");
  const scheme = theme.value;
  const all = answer.steps.map((_, at) => edgesAt(answer, at));
  const low = Math.min(...all.map((edges) => edges[0] as number));
  const high = Math.max(...all.map((edges) => edges[edges.length - 1] as number));
  const many = answer.steps.length;
  const draw = useCallback(
    (context: CanvasRenderingContext2D, width: number, height: number) => {
      const [wide, tall] = [width - LEFT, height - BOTTOM];
      const y = (value: number): number => tall - ((value - low) / (high - low || 1)) * tall;
      context.fillStyle = token("--accent");
      answer.counts.forEach((counts, at) => {
        const edges = edgesAt(answer, at);
        const most = Math.max(...counts, 1e-12);
        const x = Math.round(LEFT + (at * wide) / many);
        const right = Math.round(LEFT + ((at + 1) * wide) / many);
        counts.forEach((value, bin) => {
          if (value <= 0) return;
          // The square root: what is rare is seen too
          context.globalAlpha = 0.06 + 0.94 * Math.sqrt(value / most);
          const [above, below] = [y(edges[bin + 1] as number), y(edges[bin] as number)];
          // Whole pixels: halves would show as seams
          const top = Math.round(above);
          context.fillRect(x, top, right - x, Math.max(1, Math.round(below) - top));
        });
      });
      context.globalAlpha = 1;
      context.fillStyle = token("--muted");
      context.font = "11px system-ui";
      context.textAlign = "right";
      for (let i = 0; i <= 4; i++) {
        const value = low + ((high - low) * i) / 4;
        context.fillText(number(value), LEFT - 8, Math.max(9, y(value) + (i === 0 ? -2 : 4)));
      }
      context.textAlign = "center";
      const every = Math.max(1, Math.ceil(many / Math.max(2, Math.floor(wide / 80))));
      for (let at = 0; at < many; at += every) {
        context.fillText(number(answer.steps[at] ?? null), LEFT + ((at + 0.5) * wide) / many, tall + 17);
      }
    },
    [answer, scheme],
  );
  const point = (event: MouseEvent): void => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const at = Math.floor(((event.clientX - box.left - LEFT) / (box.width - LEFT)) * many);
    const counts = answer.counts[at];
    if (!counts) return setHere("");
    const value = high - ((event.clientY - box.top) / (box.height - BOTTOM)) * (high - low);
    const edges = edgesAt(answer, at);
    const bin = edges.findIndex((edge, place) => value >= edge && value < (edges[place + 1] ?? -Infinity));
    const inside = bin < 0 ? "" : `: ${number(counts[bin])} from ${number(edges[bin])} to ${number(edges[bin + 1])}`;
    setHere(`step ${number(answer.steps[at])}${inside}`);
  };
  return (
    <figure class="panel heat">
      <Canvas
        draw={draw}
        label={`${label}: histograms of ${many} steps, from ${number(low)} to ${number(high)}`}
        style={{ height: "340px" }}
        onMouseMove={point}
        onMouseLeave={() => setHere("")}
      />
      <figcaption class="muted">
        {here || "Steps to the right, values upward; darker is more. The pointer reads counts."}
      </figcaption>
    </figure>
  );
}
