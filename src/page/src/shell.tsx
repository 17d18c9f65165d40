/** What stands around every view: navigation, the lines of news, the selection, the theme. */
import { useState } from "preact/hooks";
import { address, link, view } from "./address/address";
import { select, selected } from "./address/selection";
import { book, frozen } from "./data/frozen";
import { board, connected, indexing } from "./data/live";
import { runsError } from "./data/runs";
import { nextTheme, wish } from "./design/theme";
import { count, moment, plural } from "./design/words";
import { Keyboard, openHelp } from "./keyboard";
import { Empty, Progress, RunName } from "./parts/basics";
import { Popover } from "./parts/popover";
import { VIEWS } from "./views/views";

export function Shell() {
  const now = VIEWS.find(({ word }) => word === view.value);
  const Show = now?.show;
  return (
    <div class="shell">
      <Bar />
      <News />
      <main id="main" aria-label={now?.name}>
        {/* A view of one thing has that thing's name for a heading */}
        {now && address.value.path.length === 0 && <h1 class="unseen">{now.name}</h1>}
        {Show ? <Show key={now.word} /> : <Lost />}
      </main>
      <Keyboard />
    </div>
  );
}

function Lost() {
  return (
    <div class="view">
      <Empty title="There is no such view">
        The address says “{address.value.view}”. <a href={link("runs")}>To the runs</a>
      </Empty>
    </div>
  );
}

const THEMES = { auto: ["◐", "as the system has it"], light: ["○", "light"], dark: ["●", "dark"] } as const;

function Bar() {
  const [open, setOpen] = useState(false);
  const [sign, words] = THEMES[wish.value];
  return (
    <header class="bar">
      <button type="button" class="button menu" aria-expanded={open} aria-label="Views" onClick={() => setOpen(!open)}>
        ☰
      </button>
      <a class="brand" href={link("runs")}>
        <svg width="20" height="20" viewBox="0 0 16 16" aria-hidden="true">
          <rect width="16" height="16" rx="3" fill="currentColor" />
          <path d="M3 12 7 7l2 2 4-5" fill="none" stroke="var(--surface)" stroke-width="2" />
        </svg>
        kirie
      </a>
      <nav class={open ? "open" : ""} aria-label="Views" onClick={() => setOpen(false)}>
        {VIEWS.filter(({ inner, live }) => !inner && !(live && frozen)).map(({ word, name }) => (
          <a href={link(word)} aria-current={view.value === word ? "page" : undefined}>
            {name}
          </a>
        ))}
      </nav>
      <span class="grow" />
      <span class="folder cut muted" title={board.value?.folder}>
        <bdi>{board.value?.folder}</bdi>
      </span>
      <Selection />
      <button
        type="button"
        class="button quiet"
        aria-label={`Colours: ${words}`}
        title={`Colours: ${words}`}
        onClick={nextTheme}
      >
        {sign}
      </button>
      <button type="button" class="button quiet" aria-label="Keys" title="Keys (?)" onClick={openHelp}>
        ?
      </button>
    </header>
  );
}

function Selection() {
  const ids = selected.value;
  return (
    <Popover label={`${count(ids.length)} selected`} title={`Selected runs: ${ids.length}`} align="right">
      {() =>
        ids.length === 0 ? (
          <p class="muted">Select runs in the table; all views show them.</p>
        ) : (
          <div class="stack">
            <ul>
              {ids.slice(0, 200).map((id) => (
                <li class="row" style={{ height: "var(--row)" }}>
                  <span class="grow cut">
                    <RunName id={id} />
                  </span>
                  <button
                    type="button"
                    class="button quiet"
                    aria-label={`Take ${id} out of the selection`}
                    onClick={() => select(ids.filter((other) => other !== id))}
                  >
                    ✕
                  </button>
                </li>
              ))}
            </ul>
            {ids.length > 200 && <p class="muted">and {plural(ids.length - 200, "more run", "more runs")}</p>}
            <button type="button" class="button" onClick={() => select([])}>
              Select none
            </button>
          </div>
        )
      }
    </Popover>
  );
}

/** One line for each thing that is not as always. */
function News() {
  const { done, total } = indexing.value;
  return (
    <div class="lines" role="status">
      {book && (
        <p class="news">
          Frozen {moment(book.frozen_at)} of {book.of}: nothing here changes any more.
        </p>
      )}
      {board.value?.notes?.map((note) => (
        <p class="news">{note}</p>
      ))}
      {!frozen && !connected.value && (
        <p class="news warn">
          The board does not answer: is `kirie board` still running? It is asked again every few seconds.
        </p>
      )}
      {board.value?.trouble && <p class="news warn">{board.value.trouble}</p>}
      {runsError.value && <p class="news warn">{runsError.value}</p>}
      {!frozen && total > 0 && done < total && (
        <p class="news">
          Reading logs, newest first: {count(done)} of {count(total)}
          <Progress value={done / total} label="Reading logs" />
        </p>
      )}
    </div>
  );
}
