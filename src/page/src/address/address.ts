/** The address as state: what is shown follows from it, and every choice is written to it. */
import { computed, signal } from "@preact/signals";
import { readAddress, readList, writeAddress, writeList, type Address } from "./codec";

/** In every view's address: the selected runs. */
export const SELECTION = "runs";

export const address = signal<Address>(readAddress(location.hash));
/** Where each view was left, so that coming back finds it as it was. */
const left: Record<string, Address> = {};

function take(): void {
  const next = readAddress(location.hash);
  if (writeAddress(next) !== writeAddress(address.peek())) address.value = next;
  left[next.view] = next;
}
addEventListener("hashchange", take);
take();

function put(next: Address, replace: boolean): void {
  const text = writeAddress(next);
  left[next.view] = next;
  if (text === writeAddress(address.peek())) return;
  // history instead of location.hash: one event, and no scrolling to an element of that name
  if (replace) history.replaceState(null, "", text);
  else history.pushState(null, "", text);
  address.value = next;
}

/** The address of a view with the selection carried along; without a query, the one it was left with. */
export function addressOf(view: string, path: string[] = [], query?: Record<string, string>): Address {
  const { [SELECTION]: _, ...rest } = query ?? left[view]?.query ?? {};
  const chosen = query?.[SELECTION] ?? address.value.query[SELECTION];
  const where = path.length > 0 || query ? path : (left[view]?.path ?? []);
  return { view, path: where, query: chosen ? { ...rest, [SELECTION]: chosen } : rest };
}

/** For `href`: links work with a middle click, a copy and the keyboard. */
export function link(view: string, path: string[] = [], query?: Record<string, string>): string {
  return writeAddress(addressOf(view, path, query));
}

export function go(view: string, path: string[] = [], query?: Record<string, string>): void {
  put(addressOf(view, path, query), false);
}

/** Changes choices of the view shown; null takes one away. Each call is a step of the browser's history unless `replace`. */
export function setQuery(changes: Record<string, string | null>, replace = false): void {
  const now = address.peek();
  const query = { ...now.query };
  for (const [key, value] of Object.entries(changes)) {
    if (value === null || value === "") delete query[key];
    else query[key] = value;
  }
  put({ ...now, query }, replace);
}

/** One choice of the view shown, with what holds when the address does not say. */
export function choice(key: string, otherwise = ""): string {
  return address.value.query[key] ?? otherwise;
}

export function choices(key: string, otherwise: string[] = []): string[] {
  const text = address.value.query[key];
  return text === undefined ? otherwise : readList(text);
}

export function setChoices(key: string, items: readonly string[], replace = false): void {
  setQuery({ [key]: items.length > 0 ? writeList(items) : null }, replace);
}

export const view = computed(() => address.value.view);
