/** Light or dark: the system's word unless the switch says otherwise, which is remembered in this browser. */
import { computed, effect, signal } from "@preact/signals";

export type Wish = "auto" | "light" | "dark";
const KEY = "kirie-theme";
const system = matchMedia("(prefers-color-scheme: dark)");
const systemDark = signal(system.matches);
system.addEventListener("change", () => (systemDark.value = system.matches));

function remembered(): Wish {
  try {
    const word = localStorage.getItem(KEY);
    return word === "light" || word === "dark" ? word : "auto";
  } catch {
    return "auto"; // a page from disk may have no storage
  }
}

export const wish = signal<Wish>(remembered());
/** What is shown; what is drawn on a canvas reads it, so that it is drawn anew. */
export const theme = computed<"light" | "dark">(() =>
  wish.value === "auto" ? (systemDark.value ? "dark" : "light") : wish.value,
);

effect(() => {
  document.documentElement.dataset.theme = theme.value;
  try {
    localStorage.setItem(KEY, wish.value);
  } catch {
    // nowhere to remember it
  }
});

export function nextTheme(): void {
  const order: Wish[] = ["auto", "light", "dark"];
  wish.value = order[(order.indexOf(wish.peek()) + 1) % order.length] as Wish;
}
