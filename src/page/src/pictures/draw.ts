/** Draws one picture with what lies over it, as the lens sees it. */
import type { Label } from "./ids";
import type { Overlay } from "./layers";
import { seen, type Lens } from "./lens";
import type { Edges } from "./outlines";
import { wheel } from "./paint";

export interface Scene {
  picture: HTMLImageElement;
  overlay: Overlay;
  /** The picture steps back: what lies over it must be seen on any colours. */
  grey: boolean;
}

export function drawScene(
  context: CanvasRenderingContext2D,
  width: number,
  height: number,
  scene: Scene,
  lens: Lens,
  opacity: number,
  labels: Label[],
): void {
  const { picture, overlay } = scene;
  const from = seen(lens, picture.naturalWidth, picture.naturalHeight);
  const scale = width / from.width;
  // Pixels of a picture that is shown enlarged are shown as pixels: smoothing would invent what the network never saw
  context.imageSmoothingEnabled = scale < 2;
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, from.x, from.y, from.width, from.height, 0, 0, width, height);
  if (scene.grey) {
    context.globalCompositeOperation = "saturation";
    context.fillStyle = "hsl(0 0% 50%)";
    context.fillRect(0, 0, width, height);
    context.globalCompositeOperation = "source-over";
    context.fillStyle = "rgb(255 255 255 / 35%)";
    context.fillRect(0, 0, width, height);
  }
  if (overlay.areas) {
    const part = seen(lens, overlay.areas.width, overlay.areas.height);
    context.globalAlpha = opacity;
    context.imageSmoothingEnabled = false;
    context.drawImage(overlay.areas, part.x, part.y, part.width, part.height, 0, 0, width, height);
    context.globalAlpha = 1;
  }
  // The truth below: where the prediction leaves it, white shows
  for (const edges of overlay.trueEdges.values()) {
    stroke(context, edges, from.x, from.y, scale, [
      ["rgb(0 0 0 / 70%)", 2.25],
      ["#fff", 1],
    ]);
  }
  const colors = new Map(labels.map((label) => [label.id, label.color]));
  for (const [id, edges] of overlay.edges) {
    stroke(context, edges, from.x, from.y, scale, [
      ["rgb(0 0 0 / 65%)", 3.5],
      [colors.get(id) ?? wheel(id), 1.75],
    ]);
  }
}

/** A dark line under a bright one is seen on any picture. */
function stroke(
  context: CanvasRenderingContext2D,
  edges: Edges,
  x: number,
  y: number,
  scale: number,
  lines: [string, number][],
): void {
  const path = new Path2D();
  for (let at = 0; at < edges.length; at += 4) {
    path.moveTo(((edges[at] ?? 0) - x) * scale, ((edges[at + 1] ?? 0) - y) * scale);
    path.lineTo(((edges[at + 2] ?? 0) - x) * scale, ((edges[at + 3] ?? 0) - y) * scale);
  }
  context.lineCap = "round";
  for (const [color, width] of lines) {
    context.strokeStyle = color;
    context.lineWidth = width;
    context.stroke(path);
  }
}
