/** The data of two runs: which files came, went or changed. */
import { count } from "../design/words";
import type { DifferenceAnswer } from "./answer";

/** Names listed of each kind: thousands are of no use to a reader. */
const MOST = 500;

export function Data({ data }: { data: DifferenceAnswer["data"] }) {
  const { came, went, changed } = data;
  const counts = data.counts ?? { came: came.length, went: went.length, changed: changed.length, same: null };
  const { same, prepared } = data;
  return (
    <div class="stack body">
      <p class="row wrap">
        <code title={data.a ?? ""}>{brief(data.a)}</code> <span aria-label="to">→</span>{" "}
        <code title={data.b ?? ""}>{brief(data.b)}</code>
        {same && <span class="muted">The two runs saw the same data.</span>}
      </p>
      {prepared && <p class="muted">The annotations are the same, and were prepared or split differently.</p>}
      {data.reason && <p class="notice">{data.reason}</p>}
      {!same && !data.reason && counts.same !== null && (
        <p class="muted">
          {count(counts.same)} {data.of ?? "files"} are the same.
        </p>
      )}
      <Names sign="+" look="up" words="came" names={came} many={counts.came} />
      <Names sign="−" look="down" words="went" names={went} many={counts.went} />
      <Names sign="~" look="warned" words="changed" names={changed} many={counts.changed} />
    </div>
  );
}

function Names({
  sign,
  look,
  words,
  names,
  many,
}: {
  sign: string;
  look: string;
  words: string;
  names: string[];
  many: number;
}) {
  if (many === 0) return null;
  return (
    <details class="file" open={many <= 30}>
      <summary>
        <b class={look}>{count(many)}</b> {words}
      </summary>
      <ul class="mono names-of">
        {names.slice(0, MOST).map((name) => (
          <li>
            <span class={look}>{sign}</span> {name}
          </li>
        ))}
        {many > Math.min(names.length, MOST) && (
          <li class="muted">and {count(many - Math.min(names.length, MOST))} more</li>
        )}
      </ul>
    </details>
  );
}

function brief(hash: string | null): string {
  if (hash === null) return "no version known";
  return hash.length > 20 ? `${hash.slice(0, 16)}…` : hash;
}
