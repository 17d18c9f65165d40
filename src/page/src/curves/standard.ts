/** Which metrics are shown without a choice. */
import type { MetricKey, RunTable } from "../data/table";

/** What is mostly looked at first, in this order; then what was logged most. */
const FIRST = [
  /^val\/m?iou$/i,
  /^val\/dice$/i,
  /^val\/boundary_iou$/i,
  /^train\/loss(_epoch)?$/i,
  /^val\/loss$/i,
  /(^|[/_-])(lr|learning_rate)([/_-]|$)/i,
  /^val\/(?!.*loss)/i,
  /loss/i,
  /^train/i,
];
const RATE = FIRST[5] as RegExp;
/** Where a run is, not how it does. */
const PLACES = /(^|[/_])(epoch|step|iteration)s?$/i;

/**
 * Metrics of one label (`val/iou/hair`) and of a few runs come later, and only one learning rate; of two that are equal for all
 * of these runs, the first is shown, but a loss and a score are two.
 *
 * @param all - What these runs logged.
 */
export function standardMetrics(
  all: readonly MetricKey[],
  ids: readonly string[],
  table: RunTable,
  most = 6,
): string[] {
  const many = Math.max(0, ...all.map(({ runs }) => runs));
  const place = ({ key, runs }: MetricKey): number => {
    const at = FIRST.findIndex((one) => one.test(key));
    const late = (PLACES.test(key) ? 40 : 0) + (key.split("/").length > 2 ? 20 : 0) + (runs * 2 < many ? 10 : 0);
    return (at < 0 ? FIRST.length : at) + late;
  };
  const order = [...all].sort(
    (a, b) =>
      place(a) - place(b) ||
      b.runs - a.runs ||
      (b.points ?? 0) - (a.points ?? 0) ||
      a.key.length - b.key.length ||
      (a.key < b.key ? -1 : 1),
  );
  const found: string[] = [];
  for (const { key } of order) {
    if (found.length === most) break;
    const again = found.some((one) => (RATE.test(one) && RATE.test(key)) || equal(one, key, ids, table));
    if (!again) found.push(key);
  }
  return found;
}

const ROUNDING = 1e-6;
const LOSS = /loss/i;

/**
 * Whether two metrics came to the same in each of these runs. Where both ended at 0 or at no finite number tells nothing: any two of
 * a run that failed may.
 */
function equal(a: string, b: string, ids: readonly string[], table: RunTable): boolean {
  if (LOSS.test(a) !== LOSS.test(b)) return false;
  const last = (key: string, id: string) => (table.columns.get(key)?.from === "summary" ? table.value(key, id) : null);
  let any = false;
  for (const id of ids) {
    const [x, y] = [last(a, id), last(b, id)];
    if (x === null && y === null) continue;
    if (typeof x !== "number" || typeof y !== "number") return false;
    if (x === y || (Number.isNaN(x) && Number.isNaN(y))) {
      any ||= x !== 0 && Number.isFinite(x);
      continue;
    }
    if (!(Math.abs(x - y) <= ROUNDING * Math.min(Math.abs(x), Math.abs(y)))) return false;
    any = true;
  }
  return any;
}
