/** Pointer and wheel on a cell: they move the one lens, or the divider of a swipe. */
import { panned, zoomedAt } from "./lens";
import { divider, lens, setLens } from "./state";

/** How near the divider a press takes hold of it, in CSS pixels. */
const GRIP = 24;

type PointerOn = PointerEvent & { currentTarget: HTMLElement };

export function place(event: MouseEvent & { currentTarget: HTMLElement }): {
  u: number;
  v: number;
  width: number;
  height: number;
} {
  const { left, top, width, height } = event.currentTarget.getBoundingClientRect();
  return { u: (event.clientX - left) / width, v: (event.clientY - top) / height, width, height };
}

/** Starts a drag; `swipe` lets it take the divider. */
export function press(event: PointerOn, swipe: boolean): void {
  if (event.button !== 0) return;
  const { u, width } = place(event);
  const slides = swipe && (lens.peek().zoom === 1 || Math.abs(u - divider.peek()) * width < GRIP);
  if (!slides && lens.peek().zoom === 1) return;
  const cell = event.currentTarget;
  cell.setPointerCapture(event.pointerId);
  event.preventDefault();
  let [x, y] = [event.clientX, event.clientY];
  if (slides) divider.value = u;
  const move = (next: PointerEvent) => {
    const box = cell.getBoundingClientRect();
    if (slides) divider.value = Math.min(1, Math.max(0, (next.clientX - box.left) / box.width));
    else setLens(panned(lens.peek(), (next.clientX - x) / box.width, (next.clientY - y) / box.height));
    [x, y] = [next.clientX, next.clientY];
  };
  const end = () => {
    cell.removeEventListener("pointermove", move);
    cell.removeEventListener("pointerup", end);
    cell.removeEventListener("pointercancel", end);
  };
  cell.addEventListener("pointermove", move);
  cell.addEventListener("pointerup", end);
  cell.addEventListener("pointercancel", end);
}

/** The wheel zooms with Ctrl, as pinching a touchpad sends it; without, the page scrolls as everywhere. */
export function wheel(event: WheelEvent & { currentTarget: HTMLElement }): void {
  if (!event.ctrlKey && !event.metaKey) return;
  event.preventDefault();
  const { u, v } = place(event);
  setLens(zoomedAt(lens.peek(), Math.exp(-event.deltaY / 300), u, v));
}

export function zoomIn(event: MouseEvent & { currentTarget: HTMLElement }): void {
  const { u, v } = place(event);
  setLens(zoomedAt(lens.peek(), event.shiftKey ? 0.5 : 2, u, v));
}
