/** What is said of the code of two runs. */
import type { DifferenceAnswer } from "./answer";

/** How alike the code of two runs of one commit is; "" where the diff says it, or the reason why there is none. */
export function codeSentence(code: Pick<DifferenceAnswer["code"], "a" | "b" | "diff" | "same_changes">): string {
  if (code.diff !== "") return "";
  const { a, b, same_changes: same } = code;
  if (same === false) return "The two runs are of one commit, and what was changed beside it differs.";
  if (same === true) {
    return a.dirty
      ? "The two runs are of one commit, and of the same changes beside it."
      : "The two runs are of the same code.";
  }
  if (a.dirty && b.dirty) {
    return "The two runs are of one commit; whether the changes beside it were the same is not to be told from what was kept.";
  }
  return "The two runs are of one commit; whether anything was changed beside it, nobody noted of both.";
}
