// Arms beside each other: one metric with its intervals, on one pool.
import { axisOf, gridLines, scale } from "../../view/chart.js";
import { svg } from "../../view/dom.js";
import { estimate, quantity, sample } from "../../view/numbers.js";
import { limits, point } from "./point.js";

/** {words, pool, arm, ours} of the rows to draw: every arm of the model on a pool. */
function rowsOf(store, model, metric, pool) {
  return store.armsOf(model).map((arm) => ({ words: arm.label, pool, arm, ours: store.estimate(model, arm.id, pool, metric) })).filter(({ ours }) => ours);
}

/** Values that need no model, as lines: those that the study names, on the pool of the first row. */
function references(store, rows, metric, x, bottom) {
  if (metric !== "accuracy") return [];
  return store.site.references.flatMap((name) => {
    const found = store.estimate("none", `baseline:${name}`, rows[0]?.pool, metric);
    if (!found) return [];
    return [svg("line", { class: "reference", x1: x(found.value), x2: x(found.value), y1: 8, y2: bottom }),
      svg("text", { class: "tick", x: x(found.value) - 4, y: 12, "text-anchor": "end" }, name.replaceAll("_", " "))];
  });
}

/** The chart; `wide`: names stand beside their marks, else above them. */
export function armsChart(store, { model, metric, pool, wide }) {
  const [width, left, step] = wide ? [920, 372, 44] : [420, 16, 62];
  const rows = rowsOf(store, model, metric, pool);
  const { unit, label } = store.metric.get(metric);
  const values = rows.flatMap(({ ours }) => [ours.value, limits(ours).low, limits(ours).high]);
  const axis = axisOf({ unit }, values);
  const top = 18;
  const height = top + rows.length * step + 30;
  const x = scale(axis.low, axis.high, left, width - 32);
  const parts = [...gridLines({ place: x, ticks: axis.ticks, format: axis.format, vertical: false, from: 8, to: height - 22, at: height - 6 }),
    ...references(store, rows, metric, x, height - 22)];
  rows.forEach(({ words, arm, ours }, i) => {
    const y = top + i * step + step / 2 + (wide ? 0 : 8);
    parts.push(svg("text", wide ? { x: left - 14, y: y + 4, "text-anchor": "end" } : { x: left, y: y - 17 }, words));
    const { low, high } = limits(ours);
    parts.push(point(store, ours, { x: x(ours.value), low: x(low), high: x(high), y, role: arm.role, hollow: arm.contaminated, text: `${words}: ${estimate(ours, unit)}, ${sample(ours)}` }));
    const near = x(high) + 8 > width - 70;
    parts.push(svg("text", { class: "value", x: near ? x(low) - 8 : x(high) + 8, y: y + 4, "text-anchor": near ? "end" : "start" }, quantity(ours.value, unit)));
  });
  return svg("svg", { class: "chart", viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": `Arms: ${label}, ${store.poolName(pool)}` }, ...parts);
}
