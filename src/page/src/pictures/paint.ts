/** Label maps and verdicts as pixels to lay over a picture. */

import { IGNORE, rgb } from "./ids";
import type { IdMap, Label } from "./ids";
import { INVENTED, MISSED, WRONG } from "./verdict";

/** Colours of the verdicts: told apart by the colour-blind, and by lightness in grey. */
export const VERDICT_COLORS = { wrong: "#d81b60", missed: "#1e88e5", invented: "#ffb300" } as const;

const GROUND = "background";

/**
 * A mask in its labels' colours, RGBA; the background stays clear unless it is asked for.
 *
 * @param only - Labels that show; all but the background if null.
 */
export function paintLabels(
  map: IdMap,
  labels: Label[],
  only: ReadonlySet<number> | null,
): Uint8ClampedArray<ArrayBuffer> {
  const table = new Uint8Array(256 * 4);
  const colors = new Map(labels.map((label) => [label.id, label.color]));
  // The ground beneath all things would dim the drawing, and says nothing that is not seen without it
  const ground = labels.find((label) => label.name.toLowerCase() === GROUND)?.id;
  for (let id = 0; id < IGNORE; id++) {
    if (only === null ? id !== ground : only.has(id)) table.set([...rgb(colors.get(id) ?? wheel(id)), 255], id * 4);
  }
  return lookedUp(map.ids, table);
}

/** A verdict map in colours, RGBA; what is right stays clear. */
export function paintVerdict(verdict: Uint8Array): Uint8ClampedArray<ArrayBuffer> {
  const table = new Uint8Array(256 * 4);
  table.set([...rgb(VERDICT_COLORS.wrong), 255], WRONG * 4);
  table.set([...rgb(VERDICT_COLORS.missed), 255], MISSED * 4);
  table.set([...rgb(VERDICT_COLORS.invented), 255], INVENTED * 4);
  return lookedUp(verdict, table);
}

/** A colour for an id that is in no label set: steps of the golden angle, so that neighbouring ids are far apart. */
export function wheel(id: number): string {
  const hue = (id * 137.508) % 360;
  const channel = (shift: number): string => {
    const k = (shift + hue / 30) % 12;
    const value = 0.55 - 0.35 * Math.max(-1, Math.min(k - 3, 9 - k, 1));
    return Math.round(value * 255)
      .toString(16)
      .padStart(2, "0");
  };
  return `#${channel(0)}${channel(8)}${channel(4)}`;
}

function lookedUp(values: Uint8Array, table: Uint8Array): Uint8ClampedArray<ArrayBuffer> {
  const rgba = new Uint8ClampedArray(values.length * 4);
  for (let pixel = 0; pixel < values.length; pixel++) {
    const from = (values[pixel] ?? 0) * 4;
    if (table[from + 3] !== 0) rgba.set(table.subarray(from, from + 4), pixel * 4);
  }
  return rgba;
}
