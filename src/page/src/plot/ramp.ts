/** The colours of values: one ramp from dark to light, so that it reads in grey and for the colour-blind as well. */

type Color = [number, number, number];

/** Stops in sRGB, of even lightness steps: night blue, blue, sea green, leaf, straw. */
const STOPS: Color[] = [
  [48, 34, 98],
  [45, 84, 146],
  [26, 132, 143],
  [74, 178, 112],
  [190, 210, 78],
  [252, 232, 120],
];

/** The colour of a share, 0 to 1, as `rgb(...)`; a middle grey for none. */
export function ramp(share: number): string {
  return `rgb(${rampRgb(share).join(" ")})`;
}

/** The colour of a share as bytes. */
export function rampRgb(share: number): Color {
  if (Number.isNaN(share)) return [140, 140, 140];
  const at = Math.min(1, Math.max(0, share)) * (STOPS.length - 1);
  const index = Math.min(STOPS.length - 2, Math.floor(at));
  const [from, to] = [STOPS[index] as Color, STOPS[index + 1] as Color];
  return from.map((channel, k) => Math.round(channel + (at - index) * ((to[k] ?? 0) - channel))) as Color;
}
