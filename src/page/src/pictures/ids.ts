/** Label ids out of the pixels of a mask: masks are class-id PNGs, one grey value per label. */

/** The ignore index: pixels that neither train nor count. */
export const IGNORE = 255;

export interface Label {
  id: number;
  name: string;
  /** `#rrggbb`. */
  color: string;
}

/** A picture's label ids, row by row. */
export interface IdMap {
  width: number;
  height: number;
  ids: Uint8Array;
}

/** `#rrggbb` as three bytes; what is no colour is a middle grey, so that a broken label set still shows. */
export function rgb(color: string): [number, number, number] {
  const hex = /^#([0-9a-f]{6})$/i.exec(color)?.[1];
  if (hex === undefined) return [128, 128, 128];
  const value = parseInt(hex, 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/**
 * Ids from a decoded mask, RGBA.
 *
 * A grey mask holds the ids themselves. One with colours was painted with the labels' colours by another program: each colour is
 * looked up, and a colour that is no label's counts as ignored rather than as a label that it is not.
 */
export function idsOf(rgba: Uint8ClampedArray, width: number, height: number, labels: Label[]): IdMap {
  const ids = new Uint8Array(width * height);
  const grey = isGrey(rgba);
  const byColor = new Map(labels.map((label) => [packed(...rgb(label.color)), label.id]));
  for (let pixel = 0, at = 0; pixel < ids.length; pixel++, at += 4) {
    const red = rgba[at] ?? 0;
    ids[pixel] = grey ? red : (byColor.get(packed(red, rgba[at + 1] ?? 0, rgba[at + 2] ?? 0)) ?? IGNORE);
  }
  return { width, height, ids };
}

/** Which ids occur, ascending, the ignored ones left out. */
export function present(...maps: IdMap[]): number[] {
  const seen = new Uint8Array(256);
  for (const map of maps) for (const id of map.ids) seen[id] = 1;
  return [...seen.keys()].filter((id) => seen[id] === 1 && id !== IGNORE);
}

function isGrey(rgba: Uint8ClampedArray): boolean {
  for (let at = 0; at < rgba.length; at += 4) {
    if (rgba[at] !== rgba[at + 1] || rgba[at] !== rgba[at + 2]) return false;
  }
  return true;
}

function packed(red: number, green: number, blue: number): number {
  return (red << 16) | (green << 8) | blue;
}
