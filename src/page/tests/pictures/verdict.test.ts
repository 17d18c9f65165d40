import { expect, test } from "vitest";

import type { IdMap } from "../../src/pictures/ids";
import { errorMap, INVENTED, MISSED, pictureScore, RIGHT, UNJUDGED, WRONG } from "../../src/pictures/verdict";

function row(...ids: number[]): IdMap {
  return { width: ids.length, height: 1, ids: Uint8Array.from(ids) };
}

test("without a filter each pixel is right or wrong, and ignored ones are not judged", () => {
  expect([...errorMap(row(0, 1, 2, 255), row(0, 2, 2, 1), null)]).toEqual([RIGHT, WRONG, RIGHT, UNJUDGED]);
});

test("with one label a mistake is missed or invented, and the others' pixels are not judged", () => {
  const verdict = errorMap(row(0, 1, 1, 2, 2), row(0, 1, 2, 1, 0), new Set([1]));
  expect([...verdict]).toEqual([UNJUDGED, RIGHT, MISSED, INVENTED, UNJUDGED]);
});

test("two chosen labels taken for each other are wrong, not missed", () => {
  expect([...errorMap(row(1), row(2), new Set([1, 2]))]).toEqual([WRONG]);
});

test("masks of other sizes are refused with both sizes", () => {
  expect(() => errorMap(row(0), row(0, 1), null)).toThrow("1 x 1 pixels, the predicted one 2 x 1");
});

test("a picture's score is the mean IoU of the labels that either mask has", () => {
  // Label 0: 1 of 2; label 1: 1 of 3; label 2: invented, 0 of 1
  const score = pictureScore(row(0, 0, 1, 1, 255), row(0, 1, 1, 2, 0), null);
  expect(score.perLabel.get(0)).toBeCloseTo(1 / 2);
  expect(score.perLabel.get(1)).toBeCloseTo(1 / 3);
  expect(score.perLabel.get(2)).toBe(0);
  expect(score.miou).toBeCloseTo((1 / 2 + 1 / 3) / 3);
  expect(score.accuracy).toBeCloseTo(2 / 4);
});

test("a picture in which nothing is judged has no score", () => {
  expect(pictureScore(row(255), row(1), null)).toMatchObject({ miou: null, accuracy: null });
});
