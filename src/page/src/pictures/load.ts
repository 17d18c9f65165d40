/** Loading of what a cell shows, once it comes near the window. */
import { useEffect, useRef, useState } from "preact/hooks";
import { usePromise, type Answer } from "../data/answer";
import { fileUrl } from "../data/frozen";
import type { Logged } from "./answer";
import { maskAt, pictureAt } from "./decode";
import type { Label } from "./ids";
import type { Masks } from "./layers";

export interface Loaded extends Masks {
  picture: HTMLImageElement;
}

/** Becomes true when the element comes within a screen of the window, and stays so. */
export function useNear<T extends HTMLElement>() {
  const element = useRef<T>(null);
  const [near, setNear] = useState(false);
  useEffect(() => {
    if (near || !element.current) return;
    const watch = new IntersectionObserver(
      (entries) => entries.some((entry) => entry.isIntersecting) && setNear(true),
      { rootMargin: "400px" },
    );
    watch.observe(element.current);
    return () => watch.disconnect();
  }, [near]);
  return [element, near] as const;
}

/** Picture and masks of a logged picture; what was shown stays until the next is whole, so that a slider does not flash. */
export function useLogged(cell: Logged | null, labels: Label[], wanted: boolean): Answer<Loaded> {
  const key = cell && wanted ? `${cell.image} ${cell.masks.truth} ${cell.masks.prediction}` : null;
  return usePromise(key, () => loaded(cell as Logged, labels));
}

/** The masks alone, for scores. */
export function useMasks(cell: Logged | null, labels: Label[], wanted: boolean): Answer<Masks> {
  const key = cell && wanted ? `${cell.masks.truth} ${cell.masks.prediction}` : null;
  return usePromise(key, () => masksOf(cell as Logged, labels));
}

async function loaded(cell: Logged, labels: Label[]): Promise<Loaded> {
  const [picture, masks] = await Promise.all([pictureAt(fileUrl(cell.image)), masksOf(cell, labels)]);
  return { picture, ...masks };
}

export async function masksOf(cell: Logged, labels: Label[]): Promise<Masks> {
  const one = (url: string | undefined) => (url === undefined ? null : maskAt(fileUrl(url), labels));
  const [truth, prediction] = await Promise.all([one(cell.masks.truth), one(cell.masks.prediction)]);
  return { truth, prediction };
}
