// One arm by level, and all arms with one metric against another.
import { scale, shareAxis } from "../../view/chart.js";
import { svg } from "../../view/dom.js";
import { estimate, sample } from "../../view/numbers.js";
import { RIGHT, limits, measured, point } from "./point.js";

const [WIDTH, LEFT] = [420, 46];

/** An arm's estimates by level, on the pools that it was not trained on. */
export function levelsChart(store, model, arm) {
  const honest = store.site.pools.filter(({ asked }) => asked).map(({ id }) => id);
  const rows = store.byLevel.filter((row) => row.model === model && row.arm === arm && honest.includes(row.pool));
  const levels = [...new Set(rows.map((row) => row.level))].sort((a, b) => a - b);
  const height = 240;
  const x = (level) => LEFT + 30 + ((WIDTH - LEFT - 60) * levels.indexOf(level)) / Math.max(levels.length - 1, 1);
  const y = scale(0, 1, height - 40, 12);
  const parts = [...shareAxis({ place: y, vertical: true, from: LEFT, to: WIDTH - RIGHT, at: LEFT - 6 }),
    ...levels.map((level) => svg("text", { class: "tick", x: x(level), y: height - 22, "text-anchor": "middle" }, String(level))),
    svg("text", { class: "axis", x: WIDTH - RIGHT, y: height - 4, "text-anchor": "end" }, store.site.study.level_name)];
  store.site.pair.forEach((metric, k) => {
    const role = k ? "faithful" : store.arm.get(arm)?.role ?? "base";
    const shift = store.site.pair.length > 1 ? (k ? 9 : -9) : 0;
    const mine = rows.filter((row) => row.metric === metric).sort((a, b) => a.level - b.level);
    parts.push(...mine.map((row) => point(store, row, {
      vertical: true, y: x(row.level) + shift, x: y(row.value), low: y(limits(row).low), high: y(limits(row).high), kind: k ? "triangle" : "dot", role,
      hollow: store.arm.get(arm)?.contaminated, text: `${store.site.study.level_name} ${row.level}, ${store.poolName(row.pool)}: ${measured(store, row, estimate)}, ${sample(row)}`,
    })));
  });
  return svg("svg", { class: "chart", viewBox: `0 0 ${WIDTH} ${height}`, role: "group", "aria-label": `By ${store.site.study.level_name}` }, ...parts);
}

/** One point for each arm: the first of the pair of metrics against the second. */
export function scatterChart(store, model, pool) {
  const height = 300;
  const [across, up] = store.site.pair.map((id) => store.metric.get(id));
  const x = scale(0, 1, LEFT, WIDTH - RIGHT);
  const y = scale(0, 1, height - 34, 12);
  const parts = [...shareAxis({ place: y, vertical: true, from: LEFT, to: WIDTH - RIGHT, at: LEFT - 6 }),
    ...shareAxis({ place: x, vertical: false, from: 12, to: height - 34, at: height - 18 }),
    svg("line", { class: "reference", x1: x(0), y1: y(0), x2: x(1), y2: y(1) }),
    svg("text", { class: "axis", x: WIDTH - RIGHT, y: height - 4, "text-anchor": "end" }, across.label), svg("text", { class: "axis", x: LEFT + 4, y: 24 }, up.label)];
  for (const arm of store.armsOf(model)) {
    const [first, second] = [across, up].map(({ id }) => store.estimate(model, arm.id, pool, id));
    if (!first || !second) continue;
    parts.push(point(store, first, {
      x: x(first.value), low: x(limits(first).low), high: x(limits(first).high), y: y(second.value), role: arm.role, hollow: arm.contaminated,
      text: `${arm.label}: ${measured(store, first, estimate)}, ${measured(store, second, estimate)}`,
    }));
  }
  return svg("svg", { class: "chart", viewBox: `0 0 ${WIDTH} ${height}`, role: "group", "aria-label": `${across.label} against ${up.label}, one point for each arm` }, ...parts);
}
