/** What uPlot draws and does in a chart: scales, axes, cursor. */
import uPlot from "uplot";
import { token } from "../design/colors";
import type { XAxis } from "../data/curves";
import { labels, ticks } from "../plot/ticks";
import type { Range } from "./extent";
import { axisWords } from "./places";

export interface Hooks {
  draw: (chart: uPlot) => void;
  move: (chart: uPlot) => void;
  zoom: (range: Range) => void;
}

const SYNC = "curves";
/** Half the width of a letter of an axis, in pixels. */
const HALF_LETTER = 3.3;
const LEAST_ROOM = 12;

type Scales = { axis: XAxis; logX: boolean; logY: boolean };

export function options(
  width: number,
  height: number,
  { axis, logX, logY }: Scales,
  { draw, move, zoom }: Hooks,
): uPlot.Options {
  const look = {
    stroke: token("--muted"),
    font: "11px system-ui",
    grid: { stroke: token("--line"), width: 1 },
    ticks: { show: false },
  };
  const time = axis === "wall";
  let room = LEAST_ROOM;
  /** The last label is centred at its tick, perhaps at the very edge: half of it has to fit beside the chart. */
  const size = (_: uPlot, texts: string[] | null): number => {
    const last = texts?.at(-1)?.split("\n").at(-1) ?? "";
    room = Math.max(LEAST_ROOM, Math.ceil(last.length * HALF_LETTER) + 2);
    return time ? 46 : 30;
  };
  return {
    width,
    height,
    padding: [8, () => room, 0, 0],
    legend: { show: false },
    scales: {
      // As they are: uPlot would widen a logarithmic one to whole powers of ten
      x: { time, distr: logX && !time ? 3 : 1, auto: false, range: (_, low, high) => [low, high] },
      y: { distr: logY ? 3 : 1, auto: false, range: (_, low, high) => [low, high] },
    },
    series: [{}, { paths: () => null, points: { show: false } }],
    axes: [
      {
        ...look,
        size,
        gap: 6,
        values: (_, places, __, ___, incr) => axisWords(places, axis, incr),
        ...(time ? { space: 64 } : {}),
        ...(axis === "time" ? { incrs: [...STRETCHES, ...DAYS] } : {}),
        ...(logX && !time ? LOG : {}),
      },
      {
        ...look,
        size: 58,
        gap: 6,
        values: (_, places) => labels(places),
        ...(logY ? LOG : {}),
      },
    ],
    cursor: {
      sync: { key: SYNC, scales: ["x", null] },
      drag: { x: true, y: false, setScale: false },
      points: { show: false },
      y: false,
    },
    hooks: {
      draw: [draw],
      setCursor: [move],
      setSelect: [
        (chart) => {
          if (chart.select.width < 6) return;
          const low = chart.posToVal(chart.select.left, "x");
          const high = chart.posToVal(chart.select.left + chart.select.width, "x");
          unmark(chart);
          zoom({ low, high });
        },
      ],
    },
  };
}

/** Shows a range, without zooming into it. */
export function mark(chart: uPlot, { low, high }: Range): void {
  const left = chart.valToPos(low, "x");
  chart.setSelect({ left, width: chart.valToPos(high, "x") - left, top: 0, height: chart.over.clientHeight }, false);
}

export function unmark(chart: uPlot): void {
  chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
}

/** Round stretches of time, in seconds. */
const STRETCHES = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200];
const DAYS = [1, 2, 5, 10, 20, 50, 100].map((days) => days * 86400);

const LOG = {
  splits: (_: uPlot, __: number, min: number, max: number) => ticks(min, max, true),
  filter: (_: uPlot, all: number[]) => all,
};
