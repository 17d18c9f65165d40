/** Dotted keys as a tree: `model.encoder.name` under `model` under `encoder`. */

export interface Branch<Row> {
  name: string;
  row: Row | null;
  branches: Branch<Row>[];
}

/** The tree of rows by their keys, in their order. A key may be a row and have others under it. */
export function treeOf<Row extends { key: string }>(rows: Row[]): Branch<Row>[] {
  const root: Branch<Row> = { name: "", row: null, branches: [] };
  for (const row of rows) {
    let at = root;
    for (const name of row.key.split(".")) {
      let next = at.branches.find((branch) => branch.name === name);
      if (!next) at.branches.push((next = { name, row: null, branches: [] }));
      at = next;
    }
    at.row = row;
  }
  return root.branches.map(joined);
}

/** A branch with nothing but one branch under it is written in one line: `model.encoder`. */
function joined<Row>(branch: Branch<Row>): Branch<Row> {
  const branches = branch.branches.map(joined);
  const [only] = branches;
  if (branch.row === null && branches.length === 1 && only) return { ...only, name: `${branch.name}.${only.name}` };
  return { ...branch, branches };
}
