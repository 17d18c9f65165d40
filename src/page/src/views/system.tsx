import { Empty } from "../parts/basics";

export function System() {
  return (
    <div class="view">
      <Empty title="System">This view is not built yet.</Empty>
    </div>
  );
}
