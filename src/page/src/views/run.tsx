/** One run: what it is, what it was told, what it printed and logged. */
import { useState } from "preact/hooks";
import { address, choice, link } from "../address/address";
import { isSelected, toggle } from "../address/selection";
import { useNews } from "../curves/board";
import { useAnswer } from "../data/answer";
import { frozen } from "../data/frozen";
import { runs } from "../data/runs";
import { runVar } from "../design/colors";
import { useKeys } from "../keyboard";
import { Button, Chip, Empty, Failure, Progress, State } from "../parts/basics";
import { Copy } from "../parts/copy";
import { Console } from "../run/console";
import { skippedSentence, type Detail } from "../run/detail";
import { Histograms } from "../run/histograms";
import { Overview } from "../run/overview";
import { Tables } from "../run/tables";
import { Tree } from "../run/tree";
import { Editor } from "../table/editor";
import "../run/run.css";

export function Run() {
  const id = address.value.path[0];
  if (id === undefined) {
    return (
      <div class="view">
        <Empty title="Which run?">
          Open one from the <a href={link("runs")}>table of runs</a>.
        </Empty>
      </div>
    );
  }
  return <One key={id} id={id} />;
}

function tabsOf(run: Detail): [string, string][] {
  // A report is frozen without them
  const some = (keys: readonly string[] | undefined): boolean => !frozen && (keys?.length ?? 0) > 0;
  return [
    ["overview", "Overview"],
    ["config", "Configuration"],
    ["console", "Console"],
    ...(some(run.histograms) ? [["histograms", "Histograms"] as [string, string]] : []),
    ...(some(run.tables) ? [["tables", "Tables"] as [string, string]] : []),
  ];
}

function One({ id }: { id: string }) {
  const version = useNews([id]);
  const { data, error } = useAnswer<Detail>(`/api/run/${encodeURIComponent(id)}`, {}, version);
  const [editing, setEditing] = useState(false);
  useKeys([
    { key: "e", does: "tags and note", act: () => !frozen && setEditing(true) },
    { key: "x", does: "select or leave out this run", act: () => toggle(id) },
  ]);
  if (!data)
    return <div class="view">{error ? <Failure>{error}</Failure> : <p class="muted">Reading the run …</p>}</div>;
  const tabs = tabsOf(data);
  const tab = tabs.find(([word]) => word === choice("tab"))?.[0] ?? "overview";
  const sentence = skippedSentence(data.skipped);
  return (
    <div class={`view${tab === "console" ? " fixed" : ""}`}>
      <Head run={data} id={id} onEdit={() => setEditing(true)} />
      {error && <Failure>{error}</Failure>}
      {sentence && <p class="notice">{sentence}</p>}
      {(data.notices ?? []).map((notice) => (
        <p class="notice">{notice}</p>
      ))}
      <nav class="tabs" aria-label="Parts of the run">
        {tabs.map(([word, name]) => (
          <a
            href={link("run", [id], word === "overview" ? {} : { tab: word })}
            aria-current={word === tab ? "page" : undefined}
          >
            {name}
          </a>
        ))}
        {(data.media?.length ?? 0) > 0 && <a href={link("pictures", [], { runs: id })}>Pictures ↗</a>}
      </nav>
      {tab === "overview" && <Overview run={data} />}
      {tab === "config" && <Tree value={data.config ?? {}} label="the configuration" />}
      {tab === "console" && <Console id={id} live={data.state === "running"} version={version} />}
      {tab === "histograms" && <Histograms id={id} keys={data.histograms ?? []} version={version} />}
      {tab === "tables" && <Tables id={id} keys={data.tables ?? []} version={version} />}
      {editing && <Editor ids={[id]} onClose={() => setEditing(false)} />}
    </div>
  );
}

function Head({ run, id, onEdit }: { run: Detail; id: string; onEdit: () => void }) {
  const chosen = isSelected(id);
  // The table of runs is the fresher one: it hears of each change
  const fresh = (key: string): unknown => runs.value.value(key, id);
  const state = String(fresh("state") ?? run.state ?? "");
  const progress = fresh("progress") ?? run.progress;
  const tags = fresh("tags") ?? run.tags;
  return (
    <div class="row wrap runhead">
      {chosen && <span class="swatch" style={{ background: runVar(id) }} />}
      <h1>{run.name || id}</h1>
      {state && <State state={state} />}
      {state === "running" && typeof progress === "number" && (
        <span class="row" style={{ width: "160px", whiteSpace: "nowrap" }}>
          <Progress value={progress} label="Progress" />
          <span class="muted">{Math.floor(progress * 100)} %</span>
        </span>
      )}
      {Array.isArray(tags) && tags.map((tag) => <Chip>{String(tag)}</Chip>)}
      <span class="grow" />
      <Button pressed={chosen} onClick={() => toggle(id)}>
        {chosen ? "Selected" : "Select"}
      </Button>
      {!frozen && <Button onClick={onEdit}>Tags and note …</Button>}
      <a class="button" href={link("curves", [], { runs: id })}>
        Curves
      </a>
      <Copy label="Copy link" text={() => location.href} />
    </div>
  );
}
