/** What is right and what is wrong between two label maps, as pixels and as numbers. */

import { IGNORE, present } from "./ids";
import type { IdMap } from "./ids";

/** Verdict of one pixel. With one label chosen, a mistake is either missed (truth only) or invented (prediction only). */
export const RIGHT = 0;
export const WRONG = 1;
export const MISSED = 2;
export const INVENTED = 3;
export const UNJUDGED = 4;

/**
 * The verdict per pixel.
 *
 * @param only - Labels that count; a pixel where neither map has one of them is unjudged. All labels if null.
 * @throws RangeError if the maps differ in size: they are not of one picture.
 */
export function errorMap(truth: IdMap, prediction: IdMap, only: ReadonlySet<number> | null): Uint8Array {
  assertSameSize(truth, prediction);
  const verdict = new Uint8Array(truth.ids.length);
  for (let pixel = 0; pixel < verdict.length; pixel++) {
    verdict[pixel] = judge(truth.ids[pixel] ?? IGNORE, prediction.ids[pixel] ?? IGNORE, only);
  }
  return verdict;
}

function judge(truth: number, prediction: number, only: ReadonlySet<number> | null): number {
  if (truth === IGNORE) return UNJUDGED;
  if (only === null) return truth === prediction ? RIGHT : WRONG;
  const wanted = only.has(truth);
  const found = only.has(prediction);
  if (!wanted && !found) return UNJUDGED;
  if (truth === prediction) return RIGHT;
  if (wanted && found) return WRONG;
  return wanted ? MISSED : INVENTED;
}

export interface PictureScore {
  /** Mean IoU over the labels that either map has, null where there is none. */
  miou: number | null;
  /** Share of judged pixels that are right. */
  accuracy: number | null;
  /** IoU per label id. */
  perLabel: Map<number, number>;
}

/** Scores of one picture from what is seen. Not the run's score: that one adds the counts over all pictures first. */
export function pictureScore(truth: IdMap, prediction: IdMap, only: ReadonlySet<number> | null): PictureScore {
  assertSameSize(truth, prediction);
  const both = new Uint32Array(256);
  const either = new Uint32Array(256);
  let right = 0;
  let judged = 0;
  for (let pixel = 0; pixel < truth.ids.length; pixel++) {
    const is = truth.ids[pixel] ?? IGNORE;
    const said = prediction.ids[pixel] ?? IGNORE;
    if (is === IGNORE) continue;
    judged++;
    either[is] = (either[is] ?? 0) + 1;
    if (is === said) {
      right++;
      both[is] = (both[is] ?? 0) + 1;
    } else if (said !== IGNORE) {
      either[said] = (either[said] ?? 0) + 1;
    }
  }
  const perLabel = new Map<number, number>();
  for (const id of present(truth, prediction)) {
    const area = either[id] ?? 0;
    if (area > 0 && (only === null || only.has(id))) perLabel.set(id, (both[id] ?? 0) / area);
  }
  const sum = [...perLabel.values()].reduce((total, iou) => total + iou, 0);
  return {
    miou: perLabel.size ? sum / perLabel.size : null,
    accuracy: judged ? right / judged : null,
    perLabel,
  };
}

function assertSameSize(truth: IdMap, prediction: IdMap): void {
  if (truth.width === prediction.width && truth.height === prediction.height) return;
  throw new RangeError(
    `The true mask has ${truth.width} x ${truth.height} pixels, the predicted one ${prediction.width} x ${prediction.height}.`,
  );
}
