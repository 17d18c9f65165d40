/** What a view of the selected runs shows where none is selected: what to do, and the newest at a click. */
import type { ComponentChildren } from "preact";
import { select } from "../address/selection";
import { runs } from "../data/runs";
import { plural } from "../design/words";
import { Button, Empty } from "./basics";

const NEWEST = 8;

export function NoRuns({ children }: { children: ComponentChildren }) {
  const newest = runs.value.ids.slice(0, NEWEST);
  return (
    <div class="view">
      <Empty title="No runs are selected">{children}</Empty>
      {newest.length > 0 && (
        <div class="row" style={{ justifyContent: "center" }}>
          <Button look="main" onClick={() => select(newest)}>
            Take the newest {plural(newest.length, "run")}
          </Button>
        </div>
      )}
    </div>
  );
}
