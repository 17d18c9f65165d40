/** Keys with the two runs' values: configuration and environment, flat or as a tree. */
import { RunName } from "../parts/basics";
import type { Entry } from "./answer";
import { treeOf, type Branch } from "./tree";

interface Props {
  entries: Entry[];
  a: string;
  b: string;
  tree: boolean;
  caption: string;
}

export function Entries({ entries, a, b, tree, caption }: Props) {
  return (
    <div class="scroll">
      <table class="plain entries">
        <caption class="unseen">{caption}</caption>
        <thead>
          <tr>
            <th scope="col">Key</th>
            <th scope="col">
              <RunName id={a} />
            </th>
            <th scope="col">
              <RunName id={b} />
            </th>
          </tr>
        </thead>
        <tbody>
          {tree
            ? treeOf(entries).map((branch) => <Lines branch={branch} depth={0} />)
            : entries.map((entry) => <Line entry={entry} name={entry.key} depth={0} />)}
        </tbody>
      </table>
    </div>
  );
}

function Lines({ branch, depth }: { branch: Branch<Entry>; depth: number }) {
  const { name, row, branches } = branch;
  return (
    <>
      {row ? (
        <Line entry={row} name={name} depth={depth} />
      ) : (
        <tr class="branch">
          <th scope="rowgroup" colSpan={3} style={{ "--depth": String(depth) }}>
            {name}
          </th>
        </tr>
      )}
      {branches.map((inner) => (
        <Lines branch={inner} depth={depth + 1} />
      ))}
    </>
  );
}

function Line({ entry, name, depth }: { entry: Entry; name: string; depth: number }) {
  return (
    <tr>
      <th scope="row" class="mono" style={{ "--depth": String(depth) }}>
        {name}
      </th>
      <Value value={entry.a} none={entry.only === "b"} />
      <Value value={entry.b} none={entry.only === "a"} />
    </tr>
  );
}

function Value({ value, none }: { value: unknown; none: boolean }) {
  if (none || value === undefined) return <td class="faint">not there</td>;
  return <td class="mono value">{typeof value === "string" ? value : JSON.stringify(value)}</td>;
}
