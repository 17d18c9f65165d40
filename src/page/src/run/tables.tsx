/** Logged tables: the first rows, as text. */
import { choice, setQuery } from "../address/address";
import { useAnswer } from "../data/answer";
import { number, plural } from "../design/words";
import { Failure, Select } from "../parts/basics";
import { shownValue, type Json } from "./detail";

interface Answer {
  step?: number;
  columns: string[];
  rows: Json[][];
}

export function Tables({ id, keys, version }: { id: string; keys: readonly string[]; version: number }) {
  const key = keys.includes(choice("key")) ? choice("key") : (keys[0] ?? "");
  const { data, error } = useAnswer<Answer>(`/api/run/${encodeURIComponent(id)}/table`, { key }, version);
  return (
    <div class="stack">
      <div class="row">
        <Select
          label="Table"
          value={key}
          options={keys.map((one) => [one, one] as const)}
          onChange={(next) => setQuery({ key: next })}
        />
        {data && (
          <span class="muted">
            {plural(data.rows.length, "row")}
            {data.step === undefined ? "" : ` at step ${number(data.step)}`}
          </span>
        )}
      </div>
      {error && <Failure>{error}</Failure>}
      {data && (
        <div class="panel scroll">
          <table class="plain">
            <thead>
              <tr>
                {data.columns.map((column) => (
                  <th scope="col">{column}</th>
                ))}
              </tr>
            </thead>
            <tbody>
              {data.rows.map((row) => (
                <tr>
                  {row.map((cell) => (
                    <td class={typeof cell === "number" ? "number" : ""}>
                      {typeof cell === "number" ? number(cell) : shownValue(cell)}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}
