import { Empty } from "../parts/basics";

export function Report() {
  return (
    <div class="view">
      <Empty title="Report">This view is not built yet.</Empty>
    </div>
  );
}
