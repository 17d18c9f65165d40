import { expect, test } from "vitest";

import { codeSentence } from "../../src/difference/sentences";
import { treeOf } from "../../src/difference/tree";
import { files } from "../../src/difference/unified";

const DIFF = `diff --git a/src/loss.py b/src/loss.py
index 1..2 100644
--- a/src/loss.py
+++ b/src/loss.py
@@ -1,3 +1,4 @@ def dice():
 one
--- a dash of SQL
+two
+++ three
 four
\\ No newline at end of file
diff --git a/old.txt b/old.txt
deleted file mode 100644
--- a/old.txt
+++ /dev/null
@@ -1 +0,0 @@
-gone
diff --git a/x.png b/x.png
Binary files a/x.png and b/x.png differ
`;

test("a diff falls into its files with what was added and removed", () => {
  const found = files(DIFF);
  expect(found.map(({ name, change, added, removed }) => [name, change, added, removed])).toEqual([
    ["src/loss.py", "changed", 2, 1],
    ["old.txt", "removed", 0, 1],
    ["x.png", "changed", 0, 0],
  ]);
});

test("lines that look like headers are lines inside a hunk, and each knows its numbers", () => {
  const lines = files(DIFF)[0]?.lines.map(({ kind, text, before, after }) => [kind, text, before, after]);
  expect(lines?.slice(1)).toEqual([
    ["same", "one", 1, 1],
    ["removed", "-- a dash of SQL", 2, null],
    ["added", "two", null, 2],
    ["added", "++ three", null, 3],
    ["same", "four", 3, 4],
    ["note", "\\ No newline at end of file", null, null],
  ]);
});

test("a plain diff without git's lines is read as well", () => {
  const plain = "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-1\n+2\n--- a/y\n+++ b/y\n@@ -5,0 +6 @@\n+new\n";
  expect(files(plain).map(({ name, added, removed }) => [name, added, removed])).toEqual([
    ["x", 1, 1],
    ["y", 1, 0],
  ]);
});

test("what is no diff has no files", () => {
  expect(files("")).toEqual([]);
  expect(files("hello\nworld")).toEqual([]);
});

test("dotted keys make a tree, and a lonely chain is one line", () => {
  const tree = treeOf([{ key: "model.encoder.name" }, { key: "train.lr" }, { key: "train.epochs" }, { key: "seed" }]);
  expect(tree.map((branch) => branch.name)).toEqual(["model.encoder.name", "train", "seed"]);
  expect(tree[1]?.branches.map((branch) => branch.name)).toEqual(["lr", "epochs"]);
});

test("a key that is a value and has others under it keeps both", () => {
  const tree = treeOf([{ key: "a" }, { key: "a.b" }]);
  expect(tree[0]?.row).toEqual({ key: "a" });
  expect(tree[0]?.branches).toHaveLength(1);
});

test("runs of one commit are of the same code only where what was in no commit is the same, too", () => {
  const said = (a: boolean | null, b: boolean | null, same_changes: boolean | null, diff: string | null = "") =>
    codeSentence({ a: { commit: "1", dirty: a }, b: { commit: "1", dirty: b }, diff, same_changes });
  expect(said(false, false, true)).toBe("The two runs are of the same code.");
  expect(said(true, true, true)).toContain("of the same changes");
  expect(said(true, true, false)).toContain("differs");
  expect(said(false, true, false)).toContain("differs");
  expect(said(true, true, null)).toContain("not to be told");
  expect(said(null, null, null)).toContain("nobody noted");
  expect(said(true, false, false, "diff --git")).toBe("");
  expect(said(true, false, false, null)).toBe("");
});
