// Charts of shares (0 to 1) and of losses: axes, points with intervals, lines. SVG, sized in user units.
import { svg } from "./dom.js";
import { percent } from "./numbers.js";

/** A linear scale from [a, b] to [from, to]. */
export const scale = (a, b, from, to) => (value) => from + ((value - a) / (b - a || 1)) * (to - from);

/** Horizontal or vertical grid lines of a share axis, with labels. */
export function shareAxis({ place, vertical, from, to, at, step = 0.25 }) {
  const parts = [];
  for (let share = 0; share <= 1.0001; share += step) {
    const p = place(share);
    const line = vertical ? { x1: from, x2: to, y1: p, y2: p } : { x1: p, x2: p, y1: from, y2: to };
    const label = vertical ? { x: at, y: p + 4, "text-anchor": "end" } : { x: p, y: at, "text-anchor": "middle" };
    parts.push(svg("line", { class: "grid", ...line }), svg("text", { class: "tick", ...label }, percent(share)));
  }
  return parts;
}

/** Points joined by a line. */
export const line = (points, props) => svg("polyline", { fill: "none", points: points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" "), ...props });

/** The mark of an estimate; `kind`: dot, square, triangle; hollow for contaminated arms and published points. */
export function mark(x, y, kind, props) {
  if (kind === "square") return svg("rect", { x: x - 4.5, y: y - 4.5, width: 9, height: 9, ...props });
  if (kind === "triangle") return svg("path", { d: `M${x} ${y - 6}l5.5 10h-11Z`, ...props });
  return svg("circle", { cx: x, cy: y, r: 5.5, ...props });
}
