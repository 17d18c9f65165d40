import { Empty } from "../parts/basics";

export function Numbers() {
  return (
    <div class="view">
      <Empty title="Numbers">This view is not built yet.</Empty>
    </div>
  );
}
