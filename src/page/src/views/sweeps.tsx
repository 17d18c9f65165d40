import { Empty } from "../parts/basics";

export function Sweeps() {
  return (
    <div class="view">
      <Empty title="Sweeps">This view is not built yet.</Empty>
    </div>
  );
}
