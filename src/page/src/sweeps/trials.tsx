/** Trials as a table, best first, and the one that is pointed at or picked. */
import { link } from "../address/address";
import { isSelected, select, selected, toggle } from "../address/selection";
import { count, duration, number } from "../design/words";
import { Button, Empty, State } from "../parts/basics";
import { ranked, type Sweep, type Trial } from "./model";
import { tail } from "./parallel";
import { pick, pointed } from "./state";

/** Runs taken over into the selection at once: more cannot be told apart. */
const MOST = 8;

export function Trials({ sweep, chosen, rows }: { sweep: Sweep; chosen: Uint8Array; rows: number }) {
  const order = ranked(sweep, chosen);
  const best = order.slice(0, MOST).flatMap((trial) => sweep.trials[trial]?.run ?? []);
  const names = sweep.axes.slice(0, -1).map((axis) => axis.name);
  return (
    <section class="panel" aria-label="Trials">
      <header>
        <h2 class="grow">
          {rows < order.length ? `Best ${rows} of ${count(order.length)} trials` : `${count(order.length)} trials`}
        </h2>
        <Button disabled={best.length === 0} onClick={() => select([...selected.peek(), ...best])}>
          Select the best {best.length}
        </Button>
      </header>
      {order.length === 0 && <Empty title="No trial is selected">Take a brush away by a click on its axis.</Empty>}
      <div class="scroll">
        <table class="plain trials">
          <thead>
            <tr>
              <th scope="col" class="number">
                Trial
              </th>
              <th scope="col">State</th>
              <th scope="col" class="number">
                {sweep.value.name}
              </th>
              {names.map((name) => (
                <th scope="col" class="number" title={name}>
                  {tail(name)}
                </th>
              ))}
              <th scope="col" class="number">
                Time
              </th>
              <th scope="col" class="number">
                Latency
              </th>
            </tr>
          </thead>
          <tbody>
            {order.slice(0, rows).map((index) => {
              const trial = sweep.trials[index] as Trial;
              return (
                <tr
                  key={trial.number}
                  class={pointed.value === index ? "on" : ""}
                  onPointerEnter={() => (pointed.value = index)}
                  onPointerLeave={() => (pointed.value = -1)}
                >
                  <td class="number">
                    <button type="button" class="link" onClick={() => pick(trial.number)}>
                      {trial.number}
                    </button>
                  </td>
                  <td>
                    <State state={trial.state} />
                  </td>
                  <td class="number">
                    <b>{number(trial.value)}</b>
                  </td>
                  {names.map((name) => (
                    <td class="number">{shown(trial, name)}</td>
                  ))}
                  <td class="number">{duration(trial.cost_s)}</td>
                  <td class="number">{trial.latency_ms === null ? "–" : `${number(trial.latency_ms)} ms`}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** What is known of one trial, in a line. */
export function OneTrial({ sweep, picked }: { sweep: Sweep; picked: number }) {
  const index = pointed.value >= 0 ? pointed.value : picked;
  const trial = sweep.trials[index];
  if (!trial) {
    return (
      <p class="one-trial muted">Point at a line or a dot; a click keeps it. Drag along an axis to select trials.</p>
    );
  }
  const { run } = trial;
  return (
    <p class="one-trial">
      <b>Trial {trial.number}</b> <State state={trial.state} />
      <span>
        {sweep.value.name} <b>{number(trial.value)}</b>
      </span>
      {sweep.axes.slice(0, -1).map(({ name }) => (
        <span class="muted">
          {tail(name)} {shown(trial, name)}
        </span>
      ))}
      {run && index === picked && (
        <>
          <a href={link("run", [run], {})}>its run</a>
          <Button pressed={isSelected(run)} onClick={() => toggle(run)}>
            {isSelected(run) ? "Selected" : "Select"}
          </Button>
          <Button look="quiet" aria-label="Let go of this trial" onClick={() => pick(undefined)}>
            ✕
          </Button>
        </>
      )}
    </p>
  );
}

function shown(trial: Trial, name: string): string {
  const value = trial.params[name];
  if (value === null || value === undefined) return "–";
  return typeof value === "number" ? number(value) : String(value);
}
