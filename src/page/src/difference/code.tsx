/** The code of two runs: commits, and what lies between them, file by file. */
import { useMemo } from "preact/hooks";
import { plural } from "../design/words";
import { Chip } from "../parts/basics";
import type { Code as CodeOf, DifferenceAnswer } from "./answer";
import { files, type DiffFile } from "./unified";

/** Longer files are folded at first, and so are many. */
const OPEN_LINES = 120;
const OPEN_FILES = 6;

/** Lines drawn of one file: a generated file of a million lines must not stop the page. */
const MOST = 2000;

export function Code({ code }: { code: DifferenceAnswer["code"] }) {
  const parts = useMemo(() => files(code.diff ?? ""), [code.diff]);
  const added = parts.reduce((sum, file) => sum + file.added, 0);
  const removed = parts.reduce((sum, file) => sum + file.removed, 0);
  return (
    <div class="stack body">
      <p class="row wrap">
        <Commit code={code.a} /> <span aria-label="to">→</span> <Commit code={code.b} />
        {code.same_training_code === true && <Chip tone="good">what training runs is the same</Chip>}
        {code.same_training_code === false && <Chip tone="warn">what training runs differs</Chip>}
        {parts.length > 0 && (
          <span class="muted">
            {plural(parts.length, "file")}, <span class="up">+{added}</span> <span class="down">−{removed}</span>
          </span>
        )}
      </p>
      {code.reason && <p class="notice">{code.reason}</p>}
      {code.diff === "" && !code.reason && <p class="muted">The two runs are of the same code.</p>}
      {parts.map((file, index) => (
        <File file={file} open={parts.length <= OPEN_FILES && file.lines.length <= OPEN_LINES && index < OPEN_FILES} />
      ))}
      {code.cut && <p class="notice">The difference is longer than is shown here.</p>}
    </div>
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
