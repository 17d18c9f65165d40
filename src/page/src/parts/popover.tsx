/** A button that opens a small window below it; Escape and a click elsewhere close it. */
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

interface Props {
  label: ComponentChildren;
  /** For screen readers, where the label is not enough. */
  title?: string;
  align?: "left" | "right";
  look?: string;
  children: (close: () => void) => ComponentChildren;
}

export function Popover({ label, title, align = "left", look = "", children }: Props) {
  const [open, setOpen] = useState(false);
  const anchor = useRef<HTMLSpanElement>(null);
  const close = () => {
    setOpen(false);
    anchor.current?.querySelector<HTMLElement>("button")?.focus();
  };
  // Before the next key: an Escape that comes first would leave the focus in a window that is gone
  useLayoutEffect(() => {
    if (!open) return;
    const outside = (event: Event) => {
      if (!anchor.current?.contains(event.target as Node)) setOpen(false);
    };
    addEventListener("pointerdown", outside);
    anchor.current?.querySelector<HTMLElement>(".popover input, .popover button")?.focus();
    return () => removeEventListener("pointerdown", outside);
  }, [open]);
  const escape = (event: KeyboardEvent) => {
    if (event.key !== "Escape" || !open) return;
    event.stopPropagation();
    close();
  };
  return (
    <span class="anchor" ref={anchor} onKeyDown={escape}>
      <button
        type="button"
        class={`button ${look}`}
        aria-expanded={open}
        aria-haspopup="dialog"
        title={title}
        aria-label={title}
        onClick={() => setOpen(!open)}
      >
        {label}
      </button>
      {open && (
        <div class={`popover ${align}`} role="dialog" aria-label={title}>
          {children(close)}
        </div>
      )}
    </span>
  );
}
