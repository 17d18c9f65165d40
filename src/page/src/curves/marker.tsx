/** Shapes on lines: the colours repeat after eight runs, and a dash is lost on a noisy curve. */

/** On no line of the first eight; then one shape for each eight. */
export type Shape = "none" | "square" | "triangle" | "diamond";

export const SHAPES: readonly Shape[] = ["none", "square", "triangle", "diamond"];

/** The outline of a shape of a size around the origin, as an SVG path and for a canvas alike. */
export function outline(shape: Shape, size: number): [number, number][] {
  const half = size / 2;
  if (shape === "triangle")
    return [
      [0, -half * 1.1],
      [half * 1.1, half * 0.9],
      [-half * 1.1, half * 0.9],
    ];
  if (shape === "diamond")
    return [
      [0, -half * 1.25],
      [half * 1.25, 0],
      [0, half * 1.25],
      [-half * 1.25, 0],
    ];
  const side = half * 0.9;
  return [
    [-side, -side],
    [side, -side],
    [side, side],
    [-side, side],
  ];
}

/** A piece of a line as it is drawn: in lists of lines. */
export function Piece({ color, dash, shape }: { color: string; dash: readonly number[]; shape: Shape }) {
  return (
    <svg width="26" height="10" viewBox="-13 -5 26 10" aria-hidden="true">
      <line x1="-13" x2="13" y1="0" y2="0" stroke={color} stroke-width="2.5" stroke-dasharray={dash.join(" ")} />
      {shape !== "none" && (
        <polygon points={outline(shape, 8).join(" ")} fill={color} stroke="var(--surface)" stroke-width="1" />
      )}
    </svg>
  );
}
