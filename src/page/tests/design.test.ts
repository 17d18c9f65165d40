import { describe, expect, it } from "vitest";
import tokens from "../src/design/tokens.css?raw";
import { ends } from "../src/design/words";

function luminance(color: string): number {
  const [red, green, blue] = [1, 3, 5]
    .map((at) => parseInt(color.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** WCAG 2.2, contrast ratio. */
function contrast(one: string, other: string): number {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

const [light, dark] = tokens.split('[data-theme="dark"]').map((part) => {
  const found = part.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g);
  return Object.fromEntries([...found].map(([, name, color]) => [name, color])) as Record<string, string>;
}) as [Record<string, string>, Record<string, string>];

describe.each([
  ["light", light],
  ["dark", dark],
])("the %s theme", (_, colors) => {
  it.each(["ink", "muted", "faint", "accent", "good", "warn", "bad"])("has text in %s that can be read", (ink) => {
    const grounds = ["ground", "surface", "raised", "sunken", "hover", "accent-soft", `${ink}-soft`];
    const poor = grounds.filter((on) => colors[on] && contrast(colors[ink] ?? "", colors[on]) < 4.5);
    expect(poor).toEqual([]);
  });

  it("has buttons that can be read", () =>
    expect(contrast(colors["accent-ink"] ?? "", colors.accent ?? "")).toBeGreaterThanOrEqual(4.5));
});

describe("a name that is cut in its middle", () => {
  it("keeps the end that tells runs apart", () =>
    expect(ends("unet-tu-mobilenetv3_small_100-cb30")).toEqual(["unet-tu-mobilenetv3_small_100", "-cb30"]));

  it("is whole where it is short", () => expect(ends("run 10")).toEqual(["run 10", ""]));

  it("cuts no letter of two units apart", () => expect(ends("𝕒".repeat(12))).toEqual(["𝕒".repeat(7), "𝕒".repeat(5)]));
});
