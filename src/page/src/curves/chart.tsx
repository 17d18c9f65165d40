/** One metric: its curves, fetched when in sight, and the values at the cursor. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { usePromise } from "../data/answer";
import { askCurves, type Curve } from "../data/curves";
import { number, plural } from "../design/words";
import { Button, Failure } from "../parts/basics";
import { theme } from "../design/theme";
import type { Settings } from "./settings";
import { drawn } from "./lines";
import { Plot } from "./plot";
import { Values } from "./values";

interface Props {
  metric: string;
  ids: readonly string[];
  settings: Settings;
  /** Grows when a shown run has new rows. */
  version: number;
  large?: boolean;
  onClose?: () => void;
  onLarge: () => void;
}

const HEIGHTS = { small: 170, medium: 230, large: 340 } as const;
const POINTS = 1000;
const AXIS_WORDS = {
  step: "step",
  epoch: "epoch",
  time: "time since the start",
  wall: "time of day",
  images: "images seen",
};

export function Chart({ metric, ids, settings, version, large = false, onClose, onLarge }: Props) {
  const [box, seen] = useSeen();
  const { axis, zoom, smoothing, groups, spread, size } = settings;
  const question = { series: ids.map((run) => ({ run, metric })), x: axis, points: large ? 3 * POINTS : POINTS };
  const range = zoom ? { from: zoom.low, to: zoom.high } : {};
  const key = seen ? JSON.stringify([metric, ids, axis, range, large]) : null;
  const { data, error, busy } = usePromise(key, (signal) => askCurves({ ...question, ...range }, signal), version);
  const scheme = theme.value;
  const curves = data ?? [];
  const lines = useMemo(
    () => drawn(curves, smoothing, groups, spread),
    [data, smoothing, groups, spread, scheme, ids.join()],
  );
  const height = large ? Math.max(300, innerHeight - 330) : HEIGHTS[size];
  return (
    <section ref={box} class={`panel chart${large ? " large" : ""}`} aria-label={metric} aria-busy={busy}>
      <header>
        <h3 class="cut" title={metric}>
          {metric}
        </h3>
        <span class="grow" />
        <Sampled curves={curves} />
        {large ? (
          <Button look="quiet" aria-label={`Make ${metric} small`} onClick={onLarge}>
            ⤡
          </Button>
        ) : (
          <Button look="quiet" aria-label={`Make ${metric} large`} onClick={onLarge}>
            ⤢
          </Button>
        )}
        {onClose && (
          <Button look="quiet" aria-label={`Take ${metric} away`} onClick={onClose}>
            ✕
          </Button>
        )}
      </header>
      {error && <Failure>{error}</Failure>}
      {data && lines.length === 0 && !busy ? (
        <p class="none muted" style={{ height: `${height}px` }}>
          {zoom
            ? "None of the selected runs has a point in this range."
            : `None of the selected runs has this metric by ${AXIS_WORDS[axis]}.`}
        </p>
      ) : (
        <Plot
          label={`${metric} by ${AXIS_WORDS[axis]}`}
          {...{ lines, axis, zoom, height }}
          logX={settings.logX}
          logY={settings.logY}
          onZoom={settings.onZoom}
        />
      )}
      <Values lines={lines} axis={axis} large={large} />
    </section>
  );
}

/** True once the element has come into sight: charts far below are not asked for. */
function useSeen() {
  const box = useRef<HTMLElement>(null);
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    if (!box.current || seen) return;
    const watch = new IntersectionObserver(([entry]) => entry?.isIntersecting && setSeen(true), {
      rootMargin: "300px",
    });
    watch.observe(box.current);
    return () => watch.disconnect();
  }, [seen]);
  return [box, seen] as const;
}

function Sampled({ curves }: { curves: readonly Curve[] }) {
  const some = curves.filter(({ sampled }) => sampled);
  if (some.length === 0) return null;
  const total = Math.max(...some.map((curve) => curve.total));
  return (
    <span
      class="faint small"
      title={`Least and greatest of each stretch are kept of up to ${plural(total, "point")}; zoom in for every point`}
    >
      min–max of {number(total)}
    </span>
  );
}
