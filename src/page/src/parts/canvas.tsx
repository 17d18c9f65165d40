/** A canvas that is as sharp as the screen, fills its box, and is drawn anew when box, theme or picture change. */
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { theme } from "../design/theme";

/** The width and height of an element in CSS pixels, kept true. */
export function useSize<T extends HTMLElement>() {
  const box = useRef<T>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  useLayoutEffect(() => {
    if (!box.current) return;
    const watch = new ResizeObserver(([entry]) => {
      if (entry) setSize({ width: entry.contentRect.width, height: entry.contentRect.height });
    });
    watch.observe(box.current);
    return () => watch.disconnect();
  }, []);
  return [box, size] as const;
}

export type Draw = (context: CanvasRenderingContext2D, width: number, height: number) => void;

type Props = Omit<JSX.IntrinsicElements["canvas"], "width" | "height" | "style" | "label"> & {
  style?: Record<string, string>;
  /** Draws in CSS pixels on a cleared canvas. A new function draws anew, so wrap it in useCallback. */
  draw: Draw;
  /** What it shows, for those who do not see it. */
  label: string;
};

/** Its height comes from its CSS class or style; its width is that of its box. */
export function Canvas({ draw, label, style, ...rest }: Props) {
  const [box, { width, height }] = useSize<HTMLDivElement>();
  const canvas = useRef<HTMLCanvasElement>(null);
  const scheme = theme.value;
  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext("2d");
    if (!element || !context || width === 0 || height === 0) return;
    const sharp = devicePixelRatio || 1;
    element.width = Math.round(width * sharp);
    element.height = Math.round(height * sharp);
    context.scale(sharp, sharp);
    draw(context, width, height);
  }, [draw, width, height, scheme]);
  return (
    <div ref={box} class="canvas" style={style ?? {}}>
      <canvas
        ref={canvas}
        role="img"
        aria-label={label}
        style={{ width: `${width}px`, height: `${height}px` }}
        {...rest}
      />
    </div>
  );
}
