/** From a mask's address to its label ids, exactly: no colour management, no blending, each address once. */

import { idsOf } from "./ids";
import type { IdMap, Label } from "./ids";

/** Maps kept: a mask of 1,000 x 1,000 pixels takes 1 MB. */
const KEPT = 96;

const cache = new Map<string, Promise<IdMap>>();

/** The ids of the mask at this address. Rejects with one sentence if there is none. */
export function maskAt(url: string, labels: Label[]): Promise<IdMap> {
  const kept = cache.get(url);
  if (kept) {
    cache.delete(url);
    cache.set(url, kept);
    return kept;
  }
  const coming = decoded(url, labels);
  cache.set(url, coming);
  // A failure is not kept: a running run may be about to write the file
  coming.catch(() => cache.delete(url));
  for (const oldest of cache.keys()) {
    if (cache.size <= KEPT) break;
    cache.delete(oldest);
  }
  return coming;
}

/** Through an image element and not `fetch`: a frozen report has its pictures as `data:` addresses, which only images may open. */
async function decoded(url: string, labels: Label[]): Promise<IdMap> {
  const image = await pictureAt(url);
  const bitmap = await createImageBitmap(image, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("This browser has no canvas to read the mask with.");
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height);
  return idsOf(pixels.data, pixels.width, pixels.height, labels);
}

/** The picture at this address, ready to be drawn. Rejects with one sentence if there is none. */
export async function pictureAt(url: string): Promise<HTMLImageElement> {
  const image = new Image();
  image.src = url;
  try {
    await image.decode();
  } catch {
    throw new Error("This picture cannot be shown: its file is gone or is no picture.");
  }
  return image;
}
