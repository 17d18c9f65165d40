/** What is chosen in this view: from the address, but for what moves under the hand. */
import { signal } from "@preact/signals";
import { choice, choices, setQuery } from "../address/address";
import { selected } from "../address/selection";
import { LAYERS, type Layer } from "./layers";
import { held, WHOLE, type Lens } from "./lens";
import { pairOf } from "./pair";

export const MODES = [
  ["side", "Side by side"],
  ["swipe", "Swipe"],
  ["flicker", "Flicker"],
] as const;

export type Mode = (typeof MODES)[number][0];

export interface Choices {
  key: string;
  layer: Layer;
  mode: Mode;
  order: "name" | "regression";
  opacity: number;
  trueLines: boolean;
  /** Labels that show; null for all. */
  only: ReadonlySet<number> | null;
  /** Null for the latest. */
  step: number | null;
  sample: string;
  /** The two runs of swipe, flicker and the order by falls. */
  pair: [string, string] | null;
  table: boolean;
}

/** Reads the address; inside a component it follows it. */
export function chosen(): Choices {
  const labels = choices("labels");
  return {
    key: choice("key"),
    layer: oneOf(LAYERS, choice("layer")),
    mode: oneOf(MODES, choice("mode")),
    order: choice("order") === "regression" ? "regression" : "name",
    opacity: share(choice("opacity"), 0.6),
    trueLines: choice("lines") === "true",
    only: labels.length > 0 ? new Set(labels.map(Number)) : null,
    step: choice("step") === "" ? null : Number(choice("step")),
    sample: choice("sample"),
    pair: pairOf(selected.value, choice("a"), choice("b")),
    table: choice("as") === "table",
  };
}

function oneOf<T extends string>(options: readonly (readonly [T, string])[], word: string): T {
  return (options.find(([option]) => option === word) ?? (options[0] as readonly [T, string]))[0];
}

function share(text: string, otherwise: number): number {
  const value = Number(text);
  return text !== "" && value >= 0 && value <= 1 ? value : otherwise;
}

/** Moves with the hand and is written to the address when it rests: browsers limit how often that may be done. */
export const lens = signal<Lens>(readLens());
export const divider = signal(0.5);
/** Which of the two runs flicker shows. */
export const second = signal(false);

let rest = 0;

export function setLens(next: Lens): void {
  lens.value = held(next);
  clearTimeout(rest);
  rest = window.setTimeout(() => {
    const { zoom, x, y } = lens.peek();
    setQuery({ lens: zoom === 1 ? null : [zoom, x, y].map((value) => +value.toFixed(3)).join(" ") }, true);
  }, 400);
}

function readLens(): Lens {
  const [zoom, x, y] = choice("lens").split(" ").map(Number);
  return zoom && x && y ? held({ zoom, x, y }) : WHOLE;
}
