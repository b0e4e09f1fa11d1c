// The rows that the study chose, with every measure of the pair in each row and its models side by side.
import { gridLines, scale, shareAxis } from "../../view/chart.js";
import { svg } from "../../view/dom.js";
import { estimate, percent, quantity, sample } from "../../view/numbers.js";
import { limits, measured, point } from "./point.js";

const STEP = 62; // a row: its words, and below them a line for each measure
const GAP = 24;
const NUMBERS = 62; // beside a bar

/** The rows of the story for which somebody has a number: {words, arm, pool, marks}. */
function rowsOf(store) {
  const { models, rows } = store.site.story;
  return rows.filter((row) => row.marks.length || models.some(({ id }) => store.estimate(id, row.arm, row.pool)));
}

/** Marks of one row and one model: the first measure as a dot, the second as a triangle below it, then published squares. */
function marksOf(store, { words, arm, pool, marks }, model, { x, y, first }) {
  const parts = [];
  const { role, contaminated } = store.arm.get(arm) ?? { role: "base" };
  store.site.pair.forEach((metric, k) => {
    const found = store.estimate(model.id, arm, pool, metric);
    if (!found) return;
    const { low, high } = limits(found);
    const at = y + 20 + 17 * k;
    const text = `${model.words}. ${words}: ${measured(store, found, estimate)}, ${sample(found)}`;
    parts.push(point(store, found, {
      x: x(found.value), low: x(low), high: x(high), y: at, kind: k ? "triangle" : "dot", role: k ? "faithful" : role, hollow: contaminated, text,
    }), svg("text", { class: "value", x: x(high) + 12, y: at + 4 }, quantity(found.value, store.metric.get(metric).unit)));
  });
  if (first) {
    marks.forEach((found, k) => parts.push(point(store, found, {
      x: x(found.value), low: x(found.low), high: x(found.high), y: y + 46 + 8 * k, kind: "square", role: "published", hollow: true,
      text: `${found.words}: ${estimate(found)}, ${sample(found)}`,
    })));
  }
  return parts;
}

/** The chart; `wide`: there is room for longer axes. */
export function storyChart(store, { wide }) {
  const width = wide ? 920 : 420;
  const { models } = store.site.story;
  const rows = rowsOf(store);
  const top = 44;
  const bottom = top + rows.length * STEP + 4;
  const room = (width - GAP * (models.length - 1)) / Math.max(models.length, 1);
  const parts = [];
  models.forEach((model, index) => {
    const left = index * (room + GAP) + 18;
    const x = scale(0, 1, left, left + room - NUMBERS - 10);
    const place = { place: x, vertical: false, from: top, to: bottom, at: bottom + 16 };
    parts.push(...(wide ? shareAxis(place) : gridLines({ ...place, ticks: [0, 0.5, 1], format: percent })));
    parts.push(svg("text", { class: "head", x: left, y: 16 }, model.words));
    for (const name of store.site.references) {
      const found = store.estimate("none", `baseline:${name}`, store.site.main_pool);
      if (found) parts.push(svg("line", { class: "reference", x1: x(found.value), x2: x(found.value), y1: top - 4, y2: bottom }), svg("text", { class: "tick", x: x(found.value), y: top - 8, "text-anchor": "middle" }, name.replaceAll("_", " ")));
    }
    rows.forEach((row, i) => parts.push(...marksOf(store, row, model, { x, y: top + i * STEP + 14, first: index === 0 })));
  });
  rows.forEach(({ words }, i) => parts.push(svg("text", { class: "over", x: 18, y: top + i * STEP + 18 }, words)));
  const labels = store.site.pair.map((id) => store.metric.get(id).label).join(" and ");
  return svg("svg", { class: "chart", viewBox: `0 0 ${width} ${bottom + 24}`, role: "group", "aria-label": `${store.site.story.title}: ${labels}, ${models.map(({ words }) => words).join(" beside ")}` }, ...parts);
}
