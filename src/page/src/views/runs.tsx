import { Empty } from "../parts/basics";

export function Runs() {
  return (
    <div class="view">
      <Empty title="Runs">This view is not built yet.</Empty>
    </div>
  );
}
