import { Empty } from "../parts/basics";

export function Curves() {
  return (
    <div class="view">
      <Empty title="Curves">This view is not built yet.</Empty>
    </div>
  );
}
