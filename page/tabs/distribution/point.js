// An estimate in a chart: a mark with its interval, and a link to the answers that it counts.
import { svg } from "../../view/dom.js";
import { mark } from "../../view/chart.js";

export const RIGHT = 26; // user units beside a small chart, for half a label

/**
 * `row`: an estimate, or a value of somebody else without `arm`, which is no link. Along the axis of values lie `x`, `low`
 * and `high`; `y` is the place on the other axis. `role`: the meaning of the colour. `hollow`: contaminated, or not ours.
 */
export function point(store, row, { x, low, high, y, vertical = false, kind = "dot", role, hollow = false, text }) {
  const whisker = vertical ? { x1: y, x2: y, y1: low, y2: high } : { x1: low, x2: high, y1: y, y2: y };
  const [cx, cy] = vertical ? [y, x] : [x, y];
  const drawn = [svg("line", { class: "whisker", ...whisker }), svg("circle", { class: "target", cx, cy, r: 13 }), mark(cx, cy, kind, { class: hollow ? "mark hollow" : "mark" })];
  if (!row.arm) return svg("g", { class: `estimate role-${role}`, role: "img", "aria-label": text, data: { value: row.value } }, svg("title", {}, text), ...drawn);
  const data = { model: row.model, arm: row.arm, pool: row.pool, metric: row.metric, value: row.value };
  return svg("a", { class: `estimate role-${role}`, href: store.answersAt(row), "aria-label": `${text}. Open its questions.`, data }, svg("title", {}, text), ...drawn);
}

/** The limits of an estimate; the value itself where it has none. */
export const limits = ({ value, low, high }) => ({ low: low ?? value, high: high ?? value });

/** "41 % [35–47] accuracy" of an estimate. */
export const measured = (store, row, words) => `${words(row, store.metric.get(row.metric)?.unit)} ${store.metric.get(row.metric)?.label ?? row.metric}`;
