/** The same pictures across runs: truth, prediction, errors and outlines, beside each other or one over the other. */
import { useEffect, useMemo, useState } from "preact/hooks";
import { link, setQuery } from "../address/address";
import { selected } from "../address/selection";
import { useAnswer } from "../data/answer";
import { frozen } from "../data/frozen";
import { changed } from "../data/runs";
import { askedFor } from "../data/whole";
import { useKeys } from "../keyboard";
import { Button, Empty, Failure } from "../parts/basics";
import { NoRuns } from "../parts/no-runs";
import { stepsOf, type PicturesAnswer } from "../pictures/answer";
import { Pairs, Side } from "../pictures/grid";
import { IGNORE } from "../pictures/ids";
import { WHOLE, zoomedAt } from "../pictures/lens";
import { Scores } from "../pictures/scores";
import { chosen, lens, second, setLens } from "../pictures/state";
import { Toolbar } from "../pictures/toolbar";
import "../plot/plot.css";
import "../pictures/pictures.css";

/** Samples drawn at first, and with each "more". */
const PAGE = 40;
/** Runs up to which a report holds the order by falls of each pair. */
const ORDERED = 4;
/** One change per this many milliseconds: slow enough to look, and far below what may harm (3 flashes a second). */
const FLICKER_MS = 700;

export function Pictures() {
  const now = chosen();
  const runs = selected.value;
  const [many, setMany] = useState(PAGE);
  const all = askedFor(runs);
  const ordered = !frozen || all.length <= ORDERED;
  const order = now.order === "regression" && now.pair && ordered ? "regression" : "name";
  // The two runs first: the order by falls is from the first to the second
  const asked = order === "regression" && now.pair ? [...new Set([...now.pair, ...all])] : all;
  const { data, error } = useAnswer<PicturesAnswer>(
    runs.length > 0 ? "/api/pictures" : null,
    { runs: asked, key: now.key || null, order },
    changed.value.version,
  );
  const samples = data?.samples ?? [];
  const steps = useMemo(() => stepsOf(samples), [data]);
  const labels = useMemo(() => data?.labels.filter((label) => label.id !== IGNORE) ?? [], [data]);
  const [playing, setPlaying] = useFlicker(now.mode === "flicker");
  useViewKeys(steps, now.step);
  if (runs.length === 0) {
    return (
      <NoRuns>
        Select one or more runs in <a href={link("runs")}>the table</a>; their validation pictures then show here side
        by side.
      </NoRuns>
    );
  }
  const step = now.step ?? steps.at(-1) ?? 0;
  const shown = samples.slice(0, many);
  const labelsOf = (run: string) => data?.labels_of?.[run]?.filter((label) => label.id !== IGNORE) ?? labels;
  const common = { samples: shown, runs, labelsOf, now, step };
  const missed = now.sample !== "" && data && !samples.some((sample) => sample.name === now.sample);
  return (
    <div class="view fixed scrolls analysis pictures-view">
      <Toolbar {...{ now, labels, steps, playing, ordered }} keys={data?.keys ?? []} onPlay={setPlaying} />
      {error && <Failure>{error}</Failure>}
      {data?.warnings?.map((warning) => (
        <p class="notice">{warning}</p>
      ))}
      {order === "regression" && samples.some(({ change }) => typeof change === "number") && (
        <p class="muted">
          In the order of mIoU in the per-image tables of val, whose change stands beside each name. The numbers under
          the pictures are of the masks that are shown, and follow step and labels.
        </p>
      )}
      {missed && <p class="notice">{now.sample} is not among the pictures that these runs logged.</p>}
      {data && samples.length === 0 && (
        <Empty title="These runs logged no pictures">
          kirie logs some validation pictures with every validation; other projects log them with wandb.Image and masks.
        </Empty>
      )}
      {samples.length === 0 ? null : now.table ? (
        <Scores {...common} />
      ) : now.mode !== "side" && now.pair ? (
        <Pairs {...common} />
      ) : (
        <Side {...common} />
      )}
      {samples.length > many && (
        <div>
          <Button onClick={() => setMany(many + PAGE)}>Show more: {samples.length - many} are left</Button>
        </div>
      )}
    </div>
  );
}

/** Alternates the two runs while it plays; it stops with the mode, and never starts by itself. */
function useFlicker(on: boolean) {
  const [playing, setPlaying] = useState(false);
  useEffect(() => {
    if (!on || !playing) return;
    const timer = setInterval(() => (second.value = !second.peek()), FLICKER_MS);
    return () => clearInterval(timer);
  }, [on, playing]);
  return [on && playing, setPlaying] as const;
}

function useViewKeys(steps: number[], step: number | null): void {
  const move = (by: number) => () => {
    const index = step === null ? steps.length - 1 : steps.findLastIndex((one) => one <= step);
    const next = Math.min(steps.length - 1, Math.max(0, index + by));
    setQuery({ step: next === steps.length - 1 ? null : String(steps[next]) }, true);
  };
  const zoom = (factor: number) => () => setLens(zoomedAt(lens.peek(), factor, 0.5, 0.5));
  useKeys([
    { key: "ArrowLeft", does: "the step before", act: move(-1) },
    { key: "ArrowRight", does: "the next step", act: move(1) },
    { key: "f", does: "flicker: the other run", act: () => (second.value = !second.peek()) },
    { key: "+", does: "zoom in, all pictures in step", act: zoom(2) },
    { key: "-", does: "zoom out", act: zoom(0.5) },
    { key: "0", does: "the whole picture", act: () => setLens(WHOLE) },
  ]);
}
