/** The one lens through which all cells are seen: zoom and place, in shares of the picture, so that pictures of other sizes keep step. */

export interface Lens {
  /** 1 shows the whole picture. */
  zoom: number;
  /** The point of the picture at the middle of the cell, 0 to 1. */
  x: number;
  y: number;
}

export const WHOLE: Lens = { zoom: 1, x: 0.5, y: 0.5 };
export const MAX_ZOOM = 32;

/** The same lens, held inside the picture: no edge of it is drawn into the cell. */
export function held(lens: Lens): Lens {
  const zoom = Math.min(MAX_ZOOM, Math.max(1, lens.zoom));
  const half = 0.5 / zoom;
  const inside = (value: number): number => Math.min(1 - half, Math.max(half, value));
  return { zoom, x: inside(lens.x), y: inside(lens.y) };
}

/**
 * Zooms at a point of the cell, which stays where it is.
 *
 * @param u - Place in the cell from the left, 0 to 1; `v` from the top.
 */
export function zoomedAt(lens: Lens, factor: number, u: number, v: number): Lens {
  const zoom = Math.min(MAX_ZOOM, Math.max(1, lens.zoom * factor));
  const keep = (middle: number, place: number): number => middle + (place - 0.5) * (1 / lens.zoom - 1 / zoom);
  return held({ zoom, x: keep(lens.x, u), y: keep(lens.y, v) });
}

/** Moves what is seen by a share of the cell. */
export function panned(lens: Lens, du: number, dv: number): Lens {
  return held({ zoom: lens.zoom, x: lens.x - du / lens.zoom, y: lens.y - dv / lens.zoom });
}

/** The part of a picture that is seen, in its pixels. */
export function seen(
  lens: Lens,
  width: number,
  height: number,
): { x: number; y: number; width: number; height: number } {
  const { zoom, x, y } = held(lens);
  return { x: (x - 0.5 / zoom) * width, y: (y - 0.5 / zoom) * height, width: width / zoom, height: height / zoom };
}
