import { Empty } from "../parts/basics";

export function Run() {
  return (
    <div class="view">
      <Empty title="Run">This view is not built yet.</Empty>
    </div>
  );
}
