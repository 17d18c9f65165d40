import { Empty } from "../parts/basics";

export function Difference() {
  return (
    <div class="view">
      <Empty title="Difference">This view is not built yet.</Empty>
    </div>
  );
}
