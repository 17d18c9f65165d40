/** What the selected runs cost: time, devices, device hours. */
import { usePromise } from "../data/answer";
import { ask } from "../data/ask";
import { runs } from "../data/runs";
import { duration, number } from "../design/words";
import { Failure, RunName } from "../parts/basics";
import type { Detail } from "../run/detail";

/** Devices at a time, where the log tells of both hours and time. */
function devicesOf(cost: Detail["cost"]): number | null {
  const { device_hours: hours = null, seconds = null, devices = null } = cost ?? {};
  if (devices !== null) return devices;
  return hours && seconds ? Math.round((hours * 36000) / seconds) / 10 : null;
}

/** Each is a question of its own. */
const MOST = 50;

export function Cost({ ids, version }: { ids: readonly string[]; version: number }) {
  const asked = ids.slice(0, MOST);
  const start = (signal: AbortSignal): Promise<Detail[]> =>
    Promise.all(asked.map((id) => ask<Detail>(`/api/run/${encodeURIComponent(id)}`, {}, signal)));
  const { data, error } = usePromise(asked.join(), start, version);
  const table = runs.value;
  const hoursOf = (run: Detail): number | null => run.cost?.device_hours ?? null;
  const hours = (data ?? []).map(hoursOf).filter((value) => value !== null);
  const seconds = ids
    .map((id) => table.value("runtime", id))
    .filter((value): value is number => typeof value === "number");
  return (
    <details class="panel cost" open>
      <summary>Cost</summary>
      {error && <Failure>{error}</Failure>}
      <div class="scroll">
        <table class="plain">
          <thead>
            <tr>
              <th scope="col">Run</th>
              <th scope="col" class="number">
                Runtime
              </th>
              <th scope="col" class="number">
                Devices
              </th>
              <th scope="col" class="number">
                Device hours
              </th>
            </tr>
          </thead>
          <tbody>
            {asked.map((id) => {
              const cost = data?.find((run) => run.id === id)?.cost;
              return (
                <tr key={id}>
                  <td>
                    <RunName id={id} />
                  </td>
                  <td class="number">{duration(table.value("runtime", id) as number | null)}</td>
                  <td class="number">{number(devicesOf(cost))}</td>
                  <td class="number">{number(cost?.device_hours)}</td>
                </tr>
              );
            })}
          </tbody>
          <tfoot>
            <tr>
              <th scope="row">Together{ids.length > MOST ? ` (device hours of the first ${MOST})` : ""}</th>
              <td class="number">{duration(seconds.reduce((sum, one) => sum + one, 0))}</td>
              <td />
              <td class="number">{hours.length > 0 ? number(hours.reduce((sum, one) => sum + one, 0)) : "–"}</td>
            </tr>
          </tfoot>
        </table>
      </div>
    </details>
  );
}
