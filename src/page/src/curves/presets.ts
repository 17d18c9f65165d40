/** Which metrics tell of the machine, by what they tell. */
import type { MetricKey } from "../data/table";

export interface Preset {
  word: string;
  name: string;
  fits: RegExp;
}

export const PRESETS: readonly Preset[] = [
  {
    word: "throughput",
    name: "Throughput and waiting",
    fits: /throughput|(images|samples|steps|it)_?(per|\/)_?s|data_?wait|wait_share|data_time/i,
  },
  { word: "device", name: "Device", fits: /^system\/(gpu|tpu|ipu|trainium|apple|device)/i },
  { word: "cpu", name: "CPU", fits: /^system\/(cpu|proc\.cpu|.*\.cpu)/i },
  { word: "memory", name: "Memory", fits: /^(system\/(memory|proc\.memory|.*mem)|perf\/.*mem)/i },
  { word: "io", name: "Disk and network", fits: /^system\/(disk|network)/i },
];

export function systemKeys(metrics: readonly MetricKey[], system: readonly MetricKey[]): MetricKey[] {
  const throughput = PRESETS[0] as Preset;
  const machine = system.map(({ key, runs }) => ({ key: key.startsWith("system/") ? key : `system/${key}`, runs }));
  return [...metrics.filter(({ key }) => throughput.fits.test(key) || /^perf\//.test(key)), ...machine];
}

/** Metrics of a preset; those of the first that has any where it is not named. */
export function presetKeys(word: string, all: readonly MetricKey[], most = 24): string[] {
  const preset = PRESETS.find((one) => one.word === word);
  const found = all.filter(({ key }) => preset?.fits.test(key)).map(({ key }) => key);
  return found.slice(0, most);
}

/** A few of each, for a first look. */
export function standardSystem(all: readonly MetricKey[]): string[] {
  const found = PRESETS.slice(0, 4).flatMap(({ word }) => presetKeys(word, all, 2));
  return found.length > 0 ? [...new Set(found)] : all.slice(0, 6).map(({ key }) => key);
}
