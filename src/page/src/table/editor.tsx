/** Tags and a note for one run, or tags for several. */
import { useEffect, useRef, useState } from "preact/hooks";
import { runs } from "../data/runs";
import { plural } from "../design/words";
import { Button, Failure } from "../parts/basics";
import { fullNameOf } from "../data/runs";
import { edit, forAll } from "./edits";

interface Props {
  ids: readonly string[];
  onClose: () => void;
}

function tagsOf(id: string): string[] {
  const value = runs.peek().value("tags", id);
  return Array.isArray(value) ? [...value] : [];
}

function words(text: string): string[] {
  return [...new Set(text.split(",").map((tag) => tag.trim()))].filter((tag) => tag !== "");
}

export function Editor({ ids, onClose }: Props) {
  const only = ids.length === 1 ? (ids[0] as string) : null;
  const [tags, setTags] = useState(only ? tagsOf(only).join(", ") : "");
  const [note, setNote] = useState(only ? String(runs.peek().value("note", only) ?? "") : "");
  const [error, setError] = useState<string | null>(null);
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const save = async (event: Event): Promise<void> => {
    event.preventDefault();
    try {
      if (only) await edit(forAll([only], { tags: words(tags), note: note.trim() }));
      else await edit(new Map(ids.map((id) => [id, { tags: [...new Set([...tagsOf(id), ...words(tags)])] }])));
      onClose();
    } catch (failure) {
      setError((failure as Error).message);
    }
  };
  return (
    <dialog ref={dialog} onClose={onClose} aria-label="Tags and note">
      <form class="stack" onSubmit={(event) => void save(event)}>
        <h2>{only ? fullNameOf(only) : `Tag ${plural(ids.length, "run")}`}</h2>
        <label class="stack tight">
          <span class="muted">Tags, with commas between{only ? "" : " (added to those that are there)"}</span>
          <input class="input" name="tags" value={tags} onInput={(event) => setTags(event.currentTarget.value)} />
        </label>
        {only && (
          <label class="stack tight">
            <span class="muted">Note</span>
            <textarea
              class="input"
              name="note"
              rows={5}
              value={note}
              onInput={(event) => setNote(event.currentTarget.value)}
            />
          </label>
        )}
        {error && <Failure>{error}</Failure>}
        <p class="faint">Kept by the board beside its cache; the runs stay as they are.</p>
        <div class="row">
          <Button type="submit" look="main">
            Save
          </Button>
          <Button onClick={onClose}>Cancel</Button>
        </div>
      </form>
    </dialog>
  );
}
