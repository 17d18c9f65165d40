/** What is laid over a picture, made of its masks once and drawn at every zoom. */
import type { IdMap, Label } from "./ids";
import { outlines, type Edges } from "./outlines";
import { paintLabels, paintVerdict } from "./paint";
import { errorMap } from "./verdict";

export const LAYERS = [
  ["prediction", "Prediction"],
  ["truth", "Truth"],
  ["errors", "Errors"],
  ["outlines", "Outlines"],
  ["none", "Picture"],
] as const;

export type Layer = (typeof LAYERS)[number][0];

export interface Masks {
  truth: IdMap | null;
  prediction: IdMap | null;
}

export interface Overlay {
  /** Areas in their colours, at the mask's size; null where nothing is painted. */
  areas: OffscreenCanvas | null;
  /** Edges of the prediction by label, and those of the truth. */
  edges: Map<number, Edges>;
  trueEdges: Map<number, Edges>;
}

const NO_EDGES = new Map<number, Edges>();

/**
 * The overlay of one cell.
 *
 * @param trueLines - The truth's outlines are drawn over whatever layer there is.
 */
export function overlayOf(
  masks: Masks,
  layer: Layer,
  labels: Label[],
  only: ReadonlySet<number> | null,
  trueLines: boolean,
): Overlay {
  const { truth, prediction } = masks;
  const inOutlines = layer === "outlines";
  return {
    areas: areasOf(masks, layer, labels, only),
    edges: inOutlines && prediction ? outlines(prediction, only) : NO_EDGES,
    trueEdges: (inOutlines || trueLines) && truth ? outlines(truth, only) : NO_EDGES,
  };
}

function areasOf({ truth, prediction }: Masks, layer: Layer, labels: Label[], only: ReadonlySet<number> | null) {
  if (layer === "prediction" && prediction) return canvasOf(prediction, paintLabels(prediction, labels, only));
  if (layer === "truth" && truth) return canvasOf(truth, paintLabels(truth, labels, only));
  if (layer === "errors" && truth && prediction)
    return canvasOf(truth, paintVerdict(errorMap(truth, prediction, only)));
  return null;
}

function canvasOf({ width, height }: IdMap, rgba: Uint8ClampedArray<ArrayBuffer>): OffscreenCanvas {
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext("2d")?.putImageData(new ImageData(rgba, width, height), 0, 0);
  return canvas;
}
