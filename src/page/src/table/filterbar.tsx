/** The filter's input: completes names, says what is wrong and where. */
import { useEffect, useRef, useState } from "preact/hooks";
import { runs } from "../data/runs";
import { complete, type Completions } from "../filter/complete";
import { compile } from "../filter/match";
import { FilterError } from "../filter/tokens";

interface Props {
  value: string;
  onChange: (filter: string) => void;
}

const PAUSE_MS = 25;
const PLACEHOLDER = "Filter: config.model.name = unet and val/miou > 0.7";

function failureOf(text: string): FilterError | null {
  try {
    compile(text, runs.value);
    return null;
  } catch (error) {
    if (error instanceof FilterError) return error;
    throw error;
  }
}

export function FilterBar({ value, onChange }: Props) {
  const [text, setText] = useState(value);
  const [offer, setOffer] = useState<Completions | null>(null);
  const [at, setAt] = useState(-1);
  const input = useRef<HTMLInputElement>(null);
  const wait = useRef(0);
  // The address may change by itself: back, a link, another view. While someone types, what is typed counts
  useEffect(() => {
    if (document.activeElement !== input.current) setText(value);
  }, [value]);
  useEffect(() => () => clearTimeout(wait.current), []);
  const error = text.trim() === "" ? null : failureOf(text);
  // What is wrong with the word that is being typed may be right in a moment
  const told = error && offer && error.to > offer.from ? null : error;

  const write = (next: string): void => {
    setText(next);
    clearTimeout(wait.current);
    // A browser takes a limited number of addresses in a minute
    if (failureOf(next) === null) wait.current = window.setTimeout(() => onChange(next.trim()), PAUSE_MS);
  };
  const look = (): void => {
    const element = input.current;
    const found = element ? complete(element.value, element.selectionStart ?? 0, runs.value) : null;
    setOffer(found && found.options.length > 0 ? found : null);
    setAt(-1);
  };
  const take = (option: string): void => {
    if (!offer || !input.current) return;
    const next = `${text.slice(0, offer.from)}${option} ${text.slice(offer.to).trimStart()}`;
    write(next);
    setOffer(null);
    const cursor = offer.from + option.length + 1;
    // At once: the next key may come before the next frame
    input.current.value = next;
    input.current.setSelectionRange(cursor, cursor);
  };
  const press = (event: KeyboardEvent): void => {
    const options = offer?.options ?? [];
    if (event.key === "Escape") {
      if (offer) setOffer(null);
      else input.current?.blur();
      return;
    }
    if (event.key === "Enter" && at < 0) return setOffer(null);
    if (options.length === 0) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      setAt((at + step + options.length + (at < 0 && step < 0 ? 1 : 0)) % options.length);
    } else if (event.key === "Enter" || (event.key === "Tab" && !event.shiftKey)) {
      const option = options[at];
      if (!option) return;
      event.preventDefault();
      take(option.text);
    }
  };
  return (
    <div class="filter" onFocusOut={() => setTimeout(() => !input.current?.matches(":focus") && setOffer(null), 150)}>
      <input
        ref={input}
        id="filter"
        class="input mono"
        type="text"
        role="combobox"
        aria-label="Filter"
        aria-expanded={offer !== null}
        aria-controls="filter-options"
        aria-activedescendant={offer && at >= 0 ? `filter-option-${at}` : undefined}
        aria-autocomplete="list"
        aria-invalid={told !== null}
        aria-describedby={told ? "filter-error" : undefined}
        placeholder={PLACEHOLDER}
        spellcheck={false}
        autocomplete="off"
        value={text}
        onInput={(event) => {
          write(event.currentTarget.value);
          look();
        }}
        onClick={look}
        onKeyDown={press}
      />
      {told && <Wrong text={text} error={told} />}
      {offer && (
        <ul id="filter-options" class="popover options" role="listbox" aria-label="Completions">
          {offer.options.map((option, place) => (
            <li
              id={`filter-option-${place}`}
              role="option"
              aria-selected={place === at}
              onPointerDown={(event) => {
                event.preventDefault();
                take(option.text);
              }}
            >
              <span class="grow cut mono">{option.text}</span>
              <span class="faint">{option.about}</span>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** The filter with the wrong place marked, and the sentence. */
function Wrong({ text, error }: { text: string; error: FilterError }) {
  const to = Math.max(error.to, error.from + 1);
  return (
    <p id="filter-error" class="wrong" role="alert">
      <code>
        {text.slice(0, error.from)}
        <mark>{text.slice(error.from, to) || "␣"}</mark>
        {text.slice(to)}
      </code>
      <span>{error.message}</span>
    </p>
  );
}
