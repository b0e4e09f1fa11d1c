// Charts of shares (0 to 1), of other numbers and of losses: axes, marks, lines. SVG, sized in user units.
import { svg } from "./dom.js";
import { percent, quantity } from "./numbers.js";

/** A linear scale from [a, b] to [from, to]. */
export const scale = (a, b, from, to) => (value) => from + ((value - a) / (b - a || 1)) * (to - from);

/** Horizontal or vertical grid lines at `ticks`, with labels. */
export function gridLines({ place, ticks, format, vertical, from, to, at }) {
  return ticks.flatMap((tick) => {
    const p = place(tick);
    const line = vertical ? { x1: from, x2: to, y1: p, y2: p } : { x1: p, x2: p, y1: from, y2: to };
    const label = vertical ? { x: at, y: p + 4, "text-anchor": "end" } : { x: p, y: at, "text-anchor": "middle" };
    return [svg("line", { class: "grid", ...line }), svg("text", { class: "tick", ...label }, format(tick))];
  });
}

/** Grid lines of a share axis. */
export const shareAxis = ({ step = 0.25, ...rest }) =>
  gridLines({ ticks: Array.from({ length: Math.round(1 / step) + 1 }, (_, i) => i * step), format: percent, ...rest });

/** {low, high, ticks, format} of an axis for these values of a metric: 0 to 1 for shares, round numbers for all else. */
export function axisOf({ unit }, values) {
  if (unit === "share") return { low: 0, high: 1, ticks: [0, 0.25, 0.5, 0.75, 1], format: percent };
  const [least, most] = [Math.min(0, ...values), Math.max(0, ...values)];
  const rough = (most - least || 1) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= rough);
  const low = Math.floor(least / step) * step;
  const count = Math.ceil((most - low) / step) || 1;
  return { low, high: low + count * step, ticks: Array.from({ length: count + 1 }, (_, i) => low + i * step), format: (value) => quantity(value, unit) };
}

/** Points joined by a line. */
export const line = (points, props) => svg("polyline", { fill: "none", points: points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" "), ...props });

/** The mark of an estimate; `kind`: dot, square, triangle; hollow for contaminated arms and published points. */
export function mark(x, y, kind, props) {
  if (kind === "square") return svg("rect", { x: x - 4.5, y: y - 4.5, width: 9, height: 9, ...props });
  if (kind === "triangle") return svg("path", { d: `M${x} ${y - 6}l5.5 10h-11Z`, ...props });
  return svg("circle", { cx: x, cy: y, r: 5.5, ...props });
}
