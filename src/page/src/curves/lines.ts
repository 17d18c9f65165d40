/** What one chart draws: for each run or group a line, perhaps the raw one behind it, perhaps a band. */
import { runColor, runDash, runRound } from "../design/colors";
import type { Curve } from "../data/curves";
import { bandOver, type Band, type RunGroup, type Spread } from "./bands";
import { extent } from "./extent";
import { SHAPES, type Shape } from "./marker";
import { smoothed } from "./smooth";

export interface Drawn {
  /** The run whose colour it has; of a group the first. */
  id: string;
  /** Of a group; a run's own name is looked up where it is shown, as it may come later than the curve. */
  name: string | null;
  color: string;
  dash: number[];
  shape: Shape;
  x: ArrayLike<number>;
  y: ArrayLike<number>;
  raw: ArrayLike<number> | null;
  band: Band | null;
  /** Runs in it. */
  many: number;
}

export function drawn(
  curves: readonly Curve[],
  smoothing: number,
  groups: readonly RunGroup[] | null,
  spread: Spread,
): Drawn[] {
  const full = extent(curves.map(({ x }) => x));
  const range = full ? full.high - full.low : 0;
  const lines = curves
    .filter(({ x }) => x.length > 0)
    .map(({ run, x, y }) => ({ run, x, raw: y, y: smoothing > 0 ? smoothed(x, y, smoothing, range) : y }));
  if (groups === null) {
    return lines.map(({ run, x, y, raw }) => ({
      ...{ id: run, name: null, ...lookOf(run) },
      ...{ x, y, raw: smoothing > 0 ? raw : null, band: null, many: 1 },
    }));
  }
  return groups.flatMap(({ name, ids }) => {
    const members = lines.filter(({ run }) => ids.includes(run));
    const id = ids[0];
    if (members.length === 0 || id === undefined) return [];
    const band = bandOver(members, spread);
    const look = { id, name, ...lookOf(id) };
    return [
      { ...look, x: band.x, y: band.mean, raw: null, band: members.length > 1 ? band : null, many: members.length },
    ];
  });
}

function lookOf(id: string): Pick<Drawn, "color" | "dash" | "shape"> {
  return { color: runColor(id), dash: runDash(id), shape: SHAPES[runRound(id) % SHAPES.length] ?? "none" };
}
