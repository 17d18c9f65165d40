/** One cell: a picture of one run, or of two in a swipe, with its caption. */
import { useCallback, useMemo } from "preact/hooks";
import { runVar } from "../design/colors";
import { nameOf } from "../data/runs";
import { Canvas } from "../parts/canvas";
import { points, signed } from "../numbers/shade";
import type { Logged } from "./answer";
import { drawScene, type Scene } from "./draw";
import { press, wheel, zoomIn } from "./hand";
import type { Label } from "./ids";
import { overlayOf, type Layer, type Masks } from "./layers";
import { useLogged, useMasks, useNear, type Loaded } from "./load";
import { divider, lens, type Choices } from "./state";
import { pictureScore } from "./verdict";

interface CellProps {
  sample: string;
  /** Null for the truth, which is that of the first run. */
  run: string | null;
  cell: Logged | null;
  /** The run that others are compared with. */
  base: Logged | null;
  labels: Label[];
  now: Choices;
}

export function Cell({ sample, run, cell, base, labels, now }: CellProps) {
  const [box, near] = useNear<HTMLElement>();
  const { data, error } = useLogged(cell, labels, near);
  const compared = useMasks(base, labels, near && run !== null && base !== cell);
  const layer = run === null ? truthLayer(now.layer) : now.layer;
  // The truth's own column draws it as if it were predicted
  const drawn = useMemo(() => (run === null && data ? { ...data, prediction: data.truth } : data), [run, data]);
  const scene = useScene(drawn, layer, labels, now);
  const draw = useScenes(scene, null, cell, now.opacity, labels);
  const score = useScore(data, now.only);
  const before = useScore(compared.data, now.only);
  const who = run === null ? "truth" : nameOf(run);
  return (
    <figure ref={box} class="picture" data-run={run ?? "truth"}>
      <Frame cell={cell} error={error} ready={scene !== null} draw={draw} label={`${sample}, ${who}`} swipe={false} />
      <figcaption>
        {run === null ? (
          <span class="muted">Truth</span>
        ) : (
          <Caption score={score} before={base === cell ? null : before} cell={cell} step={now.step} />
        )}
      </figcaption>
    </figure>
  );
}

/** Two runs in one cell: the first left of the divider, the second right of it; or one of them in its place. */
export function PairCell({
  sample,
  cells,
  labels,
  now,
  flick,
}: Omit<CellProps, "run" | "cell" | "base"> & {
  cells: [Logged | null, Logged | null];
  /** In flicker, which one is shown; null in a swipe. */
  flick: 0 | 1 | null;
}) {
  const [box, near] = useNear<HTMLElement>();
  const first = useLogged(cells[0], labels, near);
  const other = useLogged(cells[1], labels, near);
  const scenes = [useScene(first.data, now.layer, labels, now), useScene(other.data, now.layer, labels, now)] as const;
  const draw = useScenes(
    flick === null ? scenes[0] : scenes[flick],
    flick === null ? scenes[1] : null,
    cells[0] ?? cells[1],
    now.opacity,
    labels,
  );
  const scores = [useScore(first.data, now.only), useScore(other.data, now.only)] as const;
  const pair = now.pair ?? ["", ""];
  const words = pair.map(nameOf);
  return (
    <figure ref={box} class="picture" data-run={flick === null ? "pair" : pair[flick]}>
      <Frame
        cell={cells[0] ?? cells[1]}
        error={first.error ?? other.error}
        ready={scenes[0] !== null && scenes[1] !== null}
        draw={draw}
        label={flick === null ? `${sample}: ${words[0]} left, ${words[1]} right` : `${sample}: ${words[flick]}`}
        swipe={flick === null}
      />
      <figcaption>
        {[0, 1].map((k) => (
          <span class={flick === null || flick === k ? "row" : "row faint"} style={{ "--mine": runVar(pair[k] ?? "") }}>
            <span class="dot" />
            {points(scores[k]?.miou)}
          </span>
        ))}
        <Change from={scores[0]?.miou} to={scores[1]?.miou} />
      </figcaption>
    </figure>
  );
}

/** The truth's column shows the truth in its own way in each layer. */
function truthLayer(layer: Layer): Layer {
  return layer === "none" || layer === "outlines" ? layer : "prediction";
}

function useScene(loaded: Loaded | null, layer: Layer, labels: Label[], now: Choices): Scene | null {
  const only = now.only && [...now.only].join();
  return useMemo(
    () =>
      loaded && {
        picture: loaded.picture,
        overlay: overlayOf(loaded, layer, labels, now.only, now.trueLines),
        grey: layer === "errors",
      },
    [loaded, layer, labels, only, now.trueLines],
  );
}

function useScenes(main: Scene | null, right: Scene | null, cell: Logged | null, opacity: number, labels: Label[]) {
  const view = lens.value;
  // Only a swipe reads the divider, so only that is drawn again when it moves
  const edge = right ? divider.value : 1;
  return useCallback(
    (context: CanvasRenderingContext2D, width: number, height: number) => {
      if (main) drawScene(context, width, height, main, view, opacity, labels);
      if (!right) return;
      context.save();
      context.beginPath();
      context.rect(edge * width, 0, width, height);
      context.clip();
      drawScene(context, width, height, right, view, opacity, labels);
      context.restore();
      handle(context, edge * width, height);
    },
    [main, right, view, edge, opacity, labels, cell],
  );
}

function handle(context: CanvasRenderingContext2D, x: number, height: number): void {
  context.fillStyle = "rgb(0 0 0 / 55%)";
  context.fillRect(x - 2, 0, 4, height);
  context.fillStyle = "#fff";
  context.fillRect(x - 1, 0, 2, height);
  context.beginPath();
  context.arc(x, height / 2, 7, 0, 7);
  context.fill();
}

function useScore(masks: Masks | null, only: ReadonlySet<number> | null) {
  const word = only && [...only].join();
  return useMemo(() => {
    const { truth, prediction } = masks ?? {};
    return truth && prediction ? pictureScore(truth, prediction, only) : null;
  }, [masks, word]);
}

interface FrameProps {
  cell: Logged | null;
  error: string | null;
  ready: boolean;
  draw: (context: CanvasRenderingContext2D, width: number, height: number) => void;
  label: string;
  swipe: boolean;
}

function Frame({ cell, error, ready, draw, label, swipe }: FrameProps) {
  const shape = { aspectRatio: `${cell?.width || 1} / ${cell?.height || 1}` };
  if (!cell)
    return (
      <div class="frame note" style={shape}>
        not logged
      </div>
    );
  if (error)
    return (
      <div class="frame note" style={shape}>
        {error}
      </div>
    );
  return (
    <div class={`frame ${ready ? "" : "waits"}`} data-ready={ready} aria-busy={!ready}>
      <Canvas
        draw={draw}
        label={label}
        style={shape}
        class={swipe ? "swipes" : lens.value.zoom > 1 ? "pans" : ""}
        onPointerDown={(event) => press(event, swipe)}
        onWheel={wheel}
        onDblClick={zoomIn}
      />
    </div>
  );
}

function Caption({
  score,
  before,
  cell,
  step,
}: {
  score: ReturnType<typeof useScore>;
  before: ReturnType<typeof useScore>;
  cell: Logged | null;
  step: number | null;
}) {
  if (!score) return <span class="muted">no masks to score</span>;
  return (
    <>
      <span title="Mean IoU of the labels in this picture, and the share of its pixels that are right">
        <b>{points(score.miou)}</b> <span class="muted">mIoU · {points(score.accuracy)} % right</span>
      </span>
      {before && <Change from={before.miou} to={score.miou} />}
      {cell && step !== null && cell.step !== step && <span class="faint">step {cell.step}</span>}
    </>
  );
}

function Change({ from, to }: { from: number | null | undefined; to: number | null | undefined }) {
  if (typeof from !== "number" || typeof to !== "number") return null;
  const text = signed(to - from);
  return (
    <span
      class={text === "0.0" ? "change faint" : to > from ? "change up" : "change down"}
      title="against the first run"
    >
      {text}
    </span>
  );
}
