/** How curves are shown: all of it in the address. */
import { useMemo } from "preact/hooks";
import { choice, setQuery } from "../address/address";
import type { XAxis } from "../data/curves";
import { runs } from "../data/runs";
import { byColumn, bySeeds, type RunGroup, type Spread } from "./bands";
import type { Range } from "./extent";

export type Size = "small" | "medium" | "large";

export interface Settings {
  axis: XAxis;
  logX: boolean;
  logY: boolean;
  /** 0 to 0.99. */
  smoothing: number;
  zoom: Range | null;
  size: Size;
  /** What bands are over: nothing, `seeds`, or a column. */
  over: string;
  groups: RunGroup[] | null;
  spread: Spread;
  onZoom: (range: Range | null) => void;
}

export const AXES: readonly (readonly [XAxis, string])[] = [
  ["step", "Step"],
  ["epoch", "Epoch"],
  ["time", "Relative time"],
  ["wall", "Wall time"],
  ["images", "Images"],
];

function numberOf(text: string): number | null {
  const value = Number(text);
  return text === "" || !Number.isFinite(value) ? null : value;
}

function onZoom(range: Range | null): void {
  setQuery({
    from: range ? String(rounded(range.low, range)) : null,
    to: range ? String(rounded(range.high, range)) : null,
  });
}

/** No more digits than the picture can tell apart: the address is read by people. */
function rounded(value: number, { low, high }: Range): number {
  const digits = Math.max(0, Math.min(12, 4 - Math.floor(Math.log10(high - low || 1))));
  return Number(value.toFixed(digits));
}

export function useSettings(ids: readonly string[], axisFirst: XAxis): Settings {
  const axis = AXES.find(([word]) => word === choice("x"))?.[0] ?? axisFirst;
  const low = numberOf(choice("from"));
  const high = numberOf(choice("to"));
  const over = choice("bands");
  const table = runs.value;
  const groups = useMemo(() => {
    if (over === "") return null;
    return over === "seeds" ? bySeeds(ids, table) : byColumn(ids, over, table);
  }, [over, ids.join(), table.version]);
  const zoom = useMemo(() => (low !== null && high !== null && low < high ? { low, high } : null), [low, high]);
  const size = choice("size", "medium");
  return {
    axis,
    zoom,
    over,
    groups,
    onZoom,
    logX: choice("logx") === "1",
    logY: choice("logy") === "1",
    smoothing: Math.min(0.99, Math.max(0, numberOf(choice("smooth")) ?? 0)),
    size: size === "small" || size === "large" ? size : "medium",
    spread: choice("spread") === "std" ? "std" : "range",
  };
}
