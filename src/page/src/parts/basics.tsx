/** Small parts that all views are made of. */
import type { ComponentChildren, JSX } from "preact";
import { runVar } from "../design/colors";
import { fullNameOf } from "../data/runs";
import { ends } from "../design/words";
import { link } from "../address/address";

type ButtonProps = JSX.IntrinsicElements["button"] & { look?: "main" | "quiet"; pressed?: boolean };

export function Button({ look, pressed, class: extra, ...rest }: ButtonProps) {
  return <button type="button" class={`button ${look ?? ""} ${extra ?? ""}`} aria-pressed={pressed} {...rest} />;
}

type Tone = "good" | "warn" | "bad" | "live" | "";

export function Chip({ tone = "", title, children }: { tone?: Tone; title?: string; children: ComponentChildren }) {
  return (
    <span class={`chip ${tone}`} title={title}>
      {children}
    </span>
  );
}

const STATES: Record<string, [Tone, string]> = {
  running: ["live", "●"],
  finished: ["good", "✓"],
  failed: ["bad", "✕"],
  crashed: ["bad", "!"],
  interrupted: ["warn", "❚❚"],
  queued: ["", "…"],
  pruned: ["", "✂"],
};

/** A run's state: a word, a sign and a colour. */
export function State({ state }: { state: string }) {
  const [tone, sign] = STATES[state] ?? ["", "·"];
  return (
    <Chip tone={tone}>
      <span aria-hidden="true">{sign}</span>
      {state}
    </Chip>
  );
}

/** What to do when there is nothing to show. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <h2>{title}</h2>
      <p>{children}</p>
    </div>
  );
}

/** The sentence of what went wrong. */
export function Failure({ children }: { children: ComponentChildren }) {
  return (
    <p class="failure" role="alert">
      {children}
    </p>
  );
}

export function Progress({ value, label }: { value: number; label: string }) {
  const percent = Math.round(Math.min(1, Math.max(0, value)) * 100);
  return (
    <span
      class="progress"
      role="progressbar"
      aria-valuenow={percent}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-label={label}
    >
      <span style={{ width: `${percent}%` }} />
    </span>
  );
}

interface SegmentsProps<T extends string> {
  label: string;
  value: T;
  options: readonly (readonly [T, string])[];
  onChange: (value: T) => void;
}

/** One of a few, side by side; arrows move. */
export function Segments<T extends string>({ label, value, options, onChange }: SegmentsProps<T>) {
  const move = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const at = options.findIndex(([word]) => word === value);
    const next = options[(at + step + options.length) % options.length];
    if (next) onChange(next[0]);
    const group = event.currentTarget as HTMLElement;
    requestAnimationFrame(() => group.querySelector<HTMLElement>('[aria-checked="true"]')?.focus());
  };
  return (
    <span class="segments" role="radiogroup" aria-label={label} onKeyDown={move}>
      {options.map(([word, text]) => (
        <button
          type="button"
          role="radio"
          aria-checked={word === value}
          tabIndex={word === value ? 0 : -1}
          onClick={() => onChange(word)}
        >
          {text}
        </button>
      ))}
    </span>
  );
}

export function Field({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    <label class="field">
      <span>{label}</span>
      {children}
    </label>
  );
}

interface SelectProps {
  label: string;
  value: string;
  options: readonly (readonly [string, string])[];
  onChange: (value: string) => void;
}

export function Select({ label, value, options, onChange }: SelectProps) {
  return (
    <Field label={label}>
      <select class="input" value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        {options.map(([word, text]) => (
          <option value={word}>{text}</option>
        ))}
      </select>
    </Field>
  );
}

interface SliderProps {
  label: string;
  value: number;
  min?: number;
  max?: number;
  step?: number;
  show?: (value: number) => string;
  onInput: (value: number) => void;
}

export function Slider({ label, value, min = 0, max = 1, step = 0.01, show = String, onInput }: SliderProps) {
  return (
    <Field label={label}>
      <input
        type="range"
        min={min}
        max={max}
        step={step}
        value={value}
        onInput={(event) => onInput(event.currentTarget.valueAsNumber)}
      />
      <output style={{ minWidth: "4ch" }}>{show(value)}</output>
    </Field>
  );
}

export function Check({
  label,
  checked,
  onChange,
}: {
  label: string;
  checked: boolean;
  onChange: (on: boolean) => void;
}) {
  return (
    <label class="row">
      <input type="checkbox" checked={checked} onChange={(event) => onChange(event.currentTarget.checked)} />
      <span>{label}</span>
    </label>
  );
}

/** A name that is cut in its middle where room is short: runs of one model differ at their ends. */
export function Ends({ children }: { children: string }) {
  const [head, tail] = ends(children);
  return (
    <span class="ends">
      <span class={tail ? "cut" : ""}>{head}</span>
      {tail && <span>{tail}</span>}
    </span>
  );
}

/** A run's name with its colour; leads to its page. */
export function RunName({ id, plain = false }: { id: string; plain?: boolean }) {
  const name = fullNameOf(id);
  return (
    <span class="row cut" title={`${name} (${id})`}>
      <span class="swatch" style={{ background: runVar(id) }} />
      {plain ? (
        <Ends>{name}</Ends>
      ) : (
        <a class="cut" href={link("run", [id], {})} aria-label={name}>
          <Ends>{name}</Ends>
        </a>
      )}
    </span>
  );
}
