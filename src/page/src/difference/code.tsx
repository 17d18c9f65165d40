/** The code of two runs: commits, what lies between them, and what was in no commit, file by file. */
import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import { plural } from "../design/words";
import { Chip, RunName } from "../parts/basics";
import type { Code as CodeOf, DifferenceAnswer } from "./answer";
import { codeSentence } from "./sentences";
import { files, type DiffFile } from "./unified";

/** Longer files are folded at first, and so are many. */
const OPEN_LINES = 120;
const OPEN_FILES = 6;

/** Lines drawn of one file: a generated file of a million lines must not stop the page. */
const MOST = 2000;

export function Code({ code, a, b }: { code: DifferenceAnswer["code"]; a: string; b: string }) {
  const between = useMemo(() => files(code.diff ?? ""), [code.diff]);
  const sentence = codeSentence(code);
  const changed = [
    { id: a, ...code.a },
    { id: b, ...code.b },
  ].filter(({ dirty }) => dirty);
  return (
    <div class="stack body">
      <p class="row wrap">
        <Commit code={code.a} /> <span aria-label="to">→</span> <Commit code={code.b} />
        {code.same_training_code === true && <Chip tone="good">what training runs is the same</Chip>}
        {code.same_training_code === false && <Chip tone="warn">what training runs differs</Chip>}
        <Tally parts={between} />
      </p>
      {code.reason && <p class="notice">{code.reason}</p>}
      {sentence && <p class="muted">{sentence}</p>}
      <Files parts={between} />
      {code.cut && <p class="notice">The difference is longer than is shown here.</p>}
      {code.same_changes === true && changed.length === 2 ? (
        <Uncommitted code={code.a}>both runs</Uncommitted>
      ) : (
        changed.map(({ id, ...one }) => (
          <Uncommitted code={one}>
            <RunName id={id} />
          </Uncommitted>
        ))
      )}
    </div>
  );
}

/** What a run changed beside its commit. */
function Uncommitted({ code, children }: { code: CodeOf; children: ComponentChildren }) {
  const text = code.uncommitted ?? "";
  const parts = useMemo(() => files(text), [text]);
  return (
    <section class="stack" aria-label="Uncommitted changes">
      <h3 class="row wrap">
        Uncommitted in {children} <Tally parts={parts} />
      </h3>
      {text === "" && <p class="notice">There were changes in no commit, and the run kept none of them.</p>}
      <Files parts={parts} />
      {text !== "" && parts.length === 0 && <pre class="scroll">{text}</pre>}
      {code.cut && <p class="notice">The changes are longer than is shown here.</p>}
    </section>
  );
}

function Tally({ parts }: { parts: DiffFile[] }) {
  if (parts.length === 0) return null;
  const added = parts.reduce((sum, file) => sum + file.added, 0);
  const removed = parts.reduce((sum, file) => sum + file.removed, 0);
  return (
    <span class="muted tally">
      {plural(parts.length, "file")}, <span class="up">+{added}</span> <span class="down">−{removed}</span>
    </span>
  );
}

function Files({ parts }: { parts: DiffFile[] }) {
  return (
    <>
      {parts.map((file) => (
        <File file={file} open={parts.length <= OPEN_FILES && file.lines.length <= OPEN_LINES} />
      ))}
    </>
  );
}

function Commit({ code }: { code: CodeOf }) {
  return (
    <span class="row">
      <code title={code.commit ?? ""}>{code.commit?.slice(0, 10) ?? "no commit known"}</code>
      {code.dirty && (
        <Chip tone="warn" title="There were changes in no commit">
          with changes
        </Chip>
      )}
    </span>
  );
}

function File({ file, open }: { file: DiffFile; open: boolean }) {
  return (
    <details class="file" open={open}>
      <summary class="row">
        <span class="mono grow cut">{file.name}</span>
        {file.change !== "changed" && <Chip>{file.change}</Chip>}
        <span class="up">+{file.added}</span>
        <span class="down">−{file.removed}</span>
      </summary>
      <div class="scroll">
        <table class="diff">
          <tbody>
            {file.lines.slice(0, MOST).map(({ kind, text, before, after }) => (
              <tr class={kind}>
                <td class="at">{before}</td>
                <td class="at">{after}</td>
                <td class="sign">
                  {kind === "added" ? "+" : kind === "removed" ? "−" : ""}
                  {(kind === "added" || kind === "removed") && <span class="unseen">{kind}</span>}
                </td>
                <td class="line-text">{text}</td>
              </tr>
            ))}
          </tbody>
        </table>
        {file.lines.length > MOST && <p class="muted">and {plural(file.lines.length - MOST, "more line")}</p>}
      </div>
    </details>
  );
}
