import { Empty } from "../parts/basics";

export function Pictures() {
  return (
    <div class="view">
      <Empty title="Pictures">This view is not built yet.</Empty>
    </div>
  );
}
