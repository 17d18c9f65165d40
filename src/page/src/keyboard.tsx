/** Keys of the page and of the view shown; `?` lists them. */
import { useEffect, useRef } from "preact/hooks";
import { signal } from "@preact/signals";

export interface Key {
  /** As in KeyboardEvent.key. */
  key: string;
  does: string;
  act?: () => void;
}

const shown = signal<readonly Key[]>([]);
const helpOpen = signal(false);

/** A view's own keys while it is shown. One without `act` is handled by the view itself and only listed. */
export function useKeys(keys: readonly Key[]): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    // One that is only listed stays without: else it would be taken from the button that has the focus
    shown.value = latest.current.map(({ key, does, act }, at) => ({
      key,
      does,
      ...(act && { act: () => latest.current[at]?.act?.() }),
    }));
    return () => (shown.value = []);
  }, []);
}

export function openHelp(): void {
  helpOpen.value = true;
}

function typing(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    target.closest("input:not([type=checkbox]):not([type=range]), select, textarea, dialog") !== null
  );
}

/** Keys that a slider takes for itself. */
function slides({ target, key }: KeyboardEvent): boolean {
  return target instanceof HTMLInputElement && target.type === "range" && /^(Arrow|Page|Home|End)/.test(key);
}

const EVERYWHERE: readonly Key[] = [
  { key: "?", does: "show this list", act: openHelp },
  { key: "Escape", does: "close what is open" },
];

export function Keyboard() {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || typing(event.target)) return;
      if (slides(event)) return;
      const key = [...EVERYWHERE, ...shown.peek()].find((one) => one.key === event.key && one.act);
      if (!key) return;
      event.preventDefault();
      key.act?.();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
  const open = helpOpen.value;
  useEffect(() => {
    if (open) dialog.current?.showModal();
    else dialog.current?.close();
  }, [open]);
  return (
    <dialog ref={dialog} aria-label="Keys" onClose={() => (helpOpen.value = false)}>
      {open && (
        <div class="stack">
          <div class="row">
            <h2 class="grow">Keys</h2>
            <button type="button" class="button" onClick={() => (helpOpen.value = false)}>
              Close
            </button>
          </div>
          <table class="plain">
            <tbody>
              {[...shown.value, ...EVERYWHERE].map(({ key, does }) => (
                <tr>
                  <td>
                    <kbd>{key === " " ? "Space" : key}</kbd>
                  </td>
                  <td>{does}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </dialog>
  );
}
