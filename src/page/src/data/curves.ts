/** Curves in their binary form: a JSON header, then x and y of each series as float64. */
import { Refusal, requestPath, sendForBytes } from "./ask";
import { frozen, frozenAnswer } from "./frozen";

export type XAxis = "step" | "epoch" | "time" | "wall" | "images";

export interface SeriesName {
  run: string;
  metric: string;
}

export interface Curve extends SeriesName {
  x: Float64Array;
  y: Float64Array;
  /** Points in the log in this range; more than x.length where `sampled`. */
  total: number;
  sampled: boolean;
}

interface Header {
  series: (SeriesName & { n: number; total: number; sampled: boolean; x_at: number; y_at: number })[];
}

/** Offsets in the header count from the start of the data, which follows the header and is aligned to 8 bytes. */
export function readCurves(bytes: ArrayBuffer): Curve[] {
  const length = new DataView(bytes).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 4, length))) as Header;
  const data = Math.ceil((4 + length) / 8) * 8;
  return header.series.map(({ run, metric, n, total, sampled, x_at, y_at }) => ({
    run,
    metric,
    total,
    sampled,
    x: new Float64Array(bytes, data + x_at, n),
    y: new Float64Array(bytes, data + y_at, n),
  }));
}

export interface CurvesQuestion {
  series: SeriesName[];
  x: XAxis;
  points?: number;
  from?: number;
  to?: number;
}

export async function askCurves(question: CurvesQuestion, signal?: AbortSignal): Promise<Curve[]> {
  if (frozen) return fromBook(question);
  if (question.series.length === 0) return [];
  return readCurves(await sendForBytes("/api/curves", question, signal));
}

const opened = new Map<XAxis, Curve[]>();

/** A report holds all its curves once by axis; a zoom cuts from them. */
async function fromBook({ series, x, from = -Infinity, to = Infinity }: CurvesQuestion): Promise<Curve[]> {
  if (!opened.has(x)) {
    const answer = frozenAnswer(requestPath("/api/curves", { x })) as { base64: string } | undefined;
    if (!answer)
      throw new Refusal("This report was frozen without curves along this axis; open the board itself for them.", 404);
    const bytes = Uint8Array.from(atob(answer.base64), (c) => c.charCodeAt(0)).buffer;
    opened.set(x, readCurves(bytes));
  }
  const all = new Map((opened.get(x) ?? []).map((curve) => [`${curve.run}\n${curve.metric}`, curve]));
  return series.flatMap(({ run, metric }) => {
    const curve = all.get(`${run}\n${metric}`);
    return curve ? [cut(curve, from, to)] : [];
  });
}

function cut(curve: Curve, from: number, to: number): Curve {
  let first = curve.x.findIndex((at) => at >= from);
  if (first < 0) first = curve.x.length;
  let last = curve.x.length;
  while (last > first && (curve.x[last - 1] as number) > to) last--;
  return { ...curve, x: curve.x.subarray(first, last), y: curve.y.subarray(first, last) };
}
