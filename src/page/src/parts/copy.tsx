import { useState } from "preact/hooks";
import { Button } from "./basics";

/** To the clipboard; true where the browser let it. */
export async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false; // no permission, or a page from disk
  }
}

/** A button that copies and says so. */
export function Copy({ label, text, look = "quiet" }: { label: string; text: () => string; look?: "main" | "quiet" }) {
  const [said, setSaid] = useState("");
  const press = async (): Promise<void> => {
    setSaid((await copy(text())) ? "Copied" : "The browser refused");
    setTimeout(() => setSaid(""), 1500);
  };
  return (
    <Button look={look} onClick={() => void press()}>
      <span aria-live="polite">{said || label}</span>
    </Button>
  );
}
