/** The choices above the pictures. */
import { setQuery } from "../address/address";
import { selected } from "../address/selection";
import { fullNameOf } from "../data/runs";
import { Button, Check, Segments, Select, Slider } from "../parts/basics";
import { Popover } from "../parts/popover";
import type { Label } from "./ids";
import { LAYERS } from "./layers";
import { WHOLE, zoomedAt } from "./lens";
import { VERDICT_COLORS } from "./paint";
import { divider, lens, MODES, second, setLens, type Choices } from "./state";

interface Props {
  now: Choices;
  keys: string[];
  labels: Label[];
  steps: number[];
  playing: boolean;
  /** Whether pictures can be ordered by falls. */
  ordered: boolean;
  onPlay: (on: boolean) => void;
}

export function Toolbar({ now, keys, labels, steps, playing, ordered, onPlay }: Props) {
  return (
    <div class="picture-tools">
      <div class="row wrap">
        {keys.length > 1 && (
          <Select
            label="Pictures"
            value={now.key || (keys[0] ?? "")}
            options={keys.map((key) => [key, key])}
            onChange={(key) => setQuery({ key, step: null })}
          />
        )}
        <Segments label="Layer" value={now.layer} options={LAYERS} onChange={(layer) => setQuery({ layer })} />
        <Slider
          label="Opacity"
          value={now.opacity}
          step={0.05}
          show={(value) => `${Math.round(value * 100)} %`}
          onInput={(opacity) => setQuery({ opacity: String(opacity) }, true)}
        />
        <Check
          label="True outlines"
          checked={now.trueLines}
          onChange={(on) => setQuery({ lines: on ? "true" : null })}
        />
        <LabelFilter now={now} labels={labels} />
        <Steps now={now} steps={steps} />
        <Zoom />
        {!now.pair && <AsTable now={now} />}
      </div>
      <Pairing {...{ now, playing, ordered, onPlay }} />
      {now.layer === "errors" && <Legend filtered={now.only !== null} />}
    </div>
  );
}

function AsTable({ now }: Pick<Props, "now">) {
  return <Check label="As a table" checked={now.table} onChange={(on) => setQuery({ as: on ? "table" : null })} />;
}

function Steps({ now, steps }: { now: Choices; steps: number[] }) {
  if (steps.length < 2) return null;
  const last = steps.length - 1;
  const index =
    now.step === null
      ? last
      : Math.max(
          0,
          steps.findLastIndex((step) => step <= (now.step ?? 0)),
        );
  return (
    <Slider
      label="Step"
      value={index}
      max={last}
      step={1}
      show={(value) => String(steps[value] ?? "")}
      onInput={(value) => setQuery({ step: value === last ? null : String(steps[value]) }, true)}
    />
  );
}

function Zoom() {
  const { zoom } = lens.value;
  const by = (factor: number) => () => setLens(zoomedAt(lens.peek(), factor, 0.5, 0.5));
  return (
    <span class="row" role="group" aria-label="Zoom">
      <Button aria-label="Zoom out" disabled={zoom <= 1} onClick={by(0.5)}>
        −
      </Button>
      <button type="button" class="button quiet" title="Whole picture (0)" onClick={() => setLens(WHOLE)}>
        {zoom < 1.05 ? "1" : zoom.toFixed(zoom < 10 ? 1 : 0)}×
      </button>
      <Button aria-label="Zoom in" onClick={by(2)}>
        +
      </Button>
    </span>
  );
}

function Pairing({ now, playing, ordered, onPlay }: Pick<Props, "now" | "playing" | "ordered" | "onPlay">) {
  if (!now.pair) return null;
  const [a, b] = now.pair;
  const options = selected.value.map((id) => [id, fullNameOf(id)] as const);
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  return (
    <div class="row wrap">
      <Segments label="Arrangement" value={now.mode} options={MODES} onChange={(mode) => setQuery({ mode })} />
      {ordered && (
        <Segments
          label="Order"
          value={now.order}
          options={[
            ["name", "By name"],
            ["regression", "Worst falls first"],
          ]}
          onChange={(order) => setQuery({ order })}
        />
      )}

      {(now.mode !== "side" || now.order === "regression") && (
        <>
          <Select
            label="from"
            value={a}
            options={options}
            onChange={(id) => setQuery({ a: id, b: id === b ? a : b })}
          />
          <Select label="to" value={b} options={options} onChange={(id) => setQuery({ b: id, a: id === a ? b : a })} />
        </>
      )}
      {now.mode === "swipe" && (
        <Slider label="Divider" value={divider.value} show={() => ""} onInput={(value) => (divider.value = value)} />
      )}
      {now.mode === "flicker" && (
        <>
          <Button pressed={second.value} onClick={() => (second.value = !second.peek())}>
            {fullNameOf(second.value ? b : a)} <kbd>f</kbd>
          </Button>
          {!calm && (
            <Button pressed={playing} onClick={() => onPlay(!playing)}>
              {playing ? "Stop" : "Alternate"}
            </Button>
          )}
        </>
      )}
      <AsTable now={now} />
    </div>
  );
}

function LabelFilter({ now, labels }: { now: Choices; labels: Label[] }) {
  const flip = (id: number) => {
    const next = new Set(now.only ?? []);
    if (!next.delete(id)) next.add(id);
    setQuery({ labels: next.size === 0 || next.size === labels.length ? null : [...next].join(",") });
  };
  return (
    <Popover label={now.only ? `${now.only.size} of ${labels.length} labels` : "All labels"} title="Labels that show">
      {() => (
        <div class="stack">
          <div class="label-list">
            {labels.map((label) => (
              <label class="row">
                <input type="checkbox" checked={now.only?.has(label.id) ?? false} onChange={() => flip(label.id)} />
                <span class="patch" style={{ background: label.color }} />
                <span class="cut">{label.name}</span>
              </label>
            ))}
          </div>
          <Button disabled={!now.only} onClick={() => setQuery({ labels: null })}>
            Show all labels
          </Button>
        </div>
      )}
    </Popover>
  );
}

function Legend({ filtered }: { filtered: boolean }) {
  const entries = filtered
    ? [
        [VERDICT_COLORS.missed, "missed: in the truth only"],
        [VERDICT_COLORS.invented, "invented: in the prediction only"],
        [VERDICT_COLORS.wrong, "one shown label taken for another"],
      ]
    : [[VERDICT_COLORS.wrong, "wrong label; ignored pixels are not judged"]];
  return (
    <div class="row wrap muted">
      {entries.map(([color, words]) => (
        <span class="row">
          <span class="patch" style={{ background: color }} />
          {words}
        </span>
      ))}
    </div>
  );
}
