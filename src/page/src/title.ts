/** The tab's title: the view and what it is of, so that tabs, history and screen readers tell them apart. */
import { effect } from "@preact/signals";
import { address } from "./address/address";
import { nameOf } from "./data/runs";
import { VIEWS } from "./views/views";

export function keepTitle(): void {
  const whole = document.title;
  effect(() => {
    const { view, path } = address.value;
    const [thing] = path;
    const name = VIEWS.find(({ word }) => word === view)?.name;
    const of = thing === undefined ? undefined : view === "run" ? nameOf(thing) : thing;
    document.title = [of, name, whole].filter((part) => part !== undefined).join(" · ");
  });
}
