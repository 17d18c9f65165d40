/** A report: the selected runs frozen into one file that opens from disk. */
import { useState } from "preact/hooks";
import { link } from "../address/address";
import { selected } from "../address/selection";
import { board } from "../data/live";
import { bytes, plural } from "../design/words";
import { Button, Empty, Failure, RunName } from "../parts/basics";
import { exportCommand } from "../report/command";
import { last } from "../report/last";
import { saveReport } from "../report/save";
import { VIEWS } from "./views";
import "../plot/plot.css";
import "../report/report.css";

export function Report() {
  const [word, setWord] = useState(last.peek());
  const [busy, setBusy] = useState(false);
  const [said, setSaid] = useState<{ good?: string; bad?: string }>({});
  const runs = selected.value;
  if (runs.length === 0) {
    return (
      <div class="view analysis report-view">
        <Empty title="No runs are selected">
          Select in <a href="#/runs">the table</a> the runs that the report is to hold.
        </Empty>
      </div>
    );
  }
  const save = async () => {
    setBusy(true);
    setSaid({});
    try {
      setSaid({ good: `Saved: ${bytes(await saveReport(link(word)))}. It opens without a server.` });
    } catch (error) {
      setSaid({ bad: (error as Error).message });
    }
    setBusy(false);
  };
  return (
    <div class="view analysis report-view">
      <section class="panel report" aria-label="Report">
        <header>
          <h2>Freeze a report</h2>
        </header>
        <div class="body stack">
          <p>
            One HTML file with {plural(runs.length, "run")}, their numbers, curves and pictures. It opens from disk,
            works as this page does, and changes no more: for a paper's appendix or a pull request.
          </p>
          <p>
            It holds what the logs of these runs hold, also what they printed, the names of machines and users' folders,
            the program's path and its arguments: look through each run's page in it before you publish it.
          </p>
          <ul>
            {runs.slice(0, 12).map((id) => (
              <li>
                <RunName id={id} />
              </li>
            ))}
            {runs.length > 12 && <li class="muted">and {runs.length - 12} more</li>}
          </ul>
          <fieldset>
            <legend>It opens with this view, as you left it</legend>
            {VIEWS.filter(({ live, inner }) => !live && !inner).map((view) => (
              <label class="row">
                <input type="radio" name="view" checked={view.word === word} onChange={() => setWord(view.word)} />
                {view.name}
              </label>
            ))}
          </fieldset>
          <div class="row">
            <Button look="main" disabled={busy} onClick={() => void save()}>
              {busy ? "Freezing …" : "Save the report"}
            </Button>
            <span role="status">{said.good}</span>
          </div>
          {said.bad && <Failure>{said.bad}</Failure>}
          <p class="muted">The same in a terminal or a pipeline:</p>
          <pre>{exportCommand(board.value?.folder ?? "runs", runs)}</pre>
        </div>
      </section>
    </div>
  );
}
