// Doses: how much of something an arm was given, against what it learned; a slider reads off one dose.
import { gridLines, line, scale, shareAxis } from "../../view/chart.js";
import { el, svg } from "../../view/dom.js";
import { estimate, percent, points, sample } from "../../view/numbers.js";
import { RIGHT, limits, measured, point } from "./point.js";

const [WIDTH, HEIGHT, LEFT] = [420, 240, 46];

/** {place, ticks, format} of doses: shares from 0 to 1, numbers that grow by factors on a scale of factors. */
function doseAxis(doses) {
  const [low, high] = [Math.min(...doses), Math.max(...doses)];
  const ends = [LEFT + 8, WIDTH - RIGHT];
  if (low >= 0 && high <= 1) return { place: scale(0, 1, LEFT, WIDTH - RIGHT), ticks: [0, 1], format: percent };
  const factors = low > 0 && high / low > 8;
  const turned = factors ? Math.log : (value) => value;
  const place = scale(turned(low), turned(high), ...ends);
  return { place: (value) => place(turned(value)), ticks: doses.length > 6 ? [low, high] : doses, format: points };
}

function doseChart(store, rows, dose, { title, pools, axis }) {
  const y = scale(0, 1, HEIGHT - 30, 12);
  const parts = [...shareAxis({ place: y, vertical: true, from: LEFT, to: WIDTH - RIGHT, at: LEFT - 6 }),
    svg("line", { class: "reference", x1: axis.place(dose), x2: axis.place(dose), y1: 12, y2: HEIGHT - 30 }),
    ...gridLines({ place: axis.place, ticks: axis.ticks, format: axis.format, vertical: false, from: HEIGHT - 30, to: HEIGHT - 26, at: HEIGHT - 8 })];
  pools.forEach((pool, i) => store.site.pair.forEach((metric, k) => {
    const mine = rows.filter((row) => row.pool === pool && row.metric === metric);
    if (mine.length === 0) return;
    const role = k ? "faithful" : store.pool.get(pool)?.color ?? "hard";
    parts.push(line(mine.map((row) => [axis.place(row.x), y(row.value)]), { class: `dose role-${role}${i ? " dashed" : ""}` }));
    parts.push(...mine.map((row) => point(store, row, {
      vertical: true, y: axis.place(row.x), x: y(row.value), low: y(limits(row).low), high: y(limits(row).high), kind: k ? "triangle" : "dot", role,
      hollow: store.arm.get(row.arm)?.contaminated, text: `${axis.format(row.x)}, ${store.poolName(pool)}: ${measured(store, row, estimate)}`,
    })));
  }));
  const words = store.site.pair.map((metric, k) => `${store.metric.get(metric).label} (${k ? "triangles" : "dots"})`).join(" and ");
  return svg("svg", { class: "chart", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "group", "aria-label": `${title}: ${words}` }, ...parts);
}

/** Nodes of one family of doses. `kept`: an object that remembers which dose the slider shows. */
export function doseNodes(store, { id: family, label, pools }, model, kept) {
  const rows = store.doses.filter((row) => row.model === model && row.family === family && pools.includes(row.pool) && store.site.pair.includes(row.metric)).sort((a, b) => a.x - b.x);
  const doses = [...new Set(rows.map((row) => row.x))];
  if (doses.length < 2) return [el("p", { class: "muted" }, `These doses were not run with ${store.title(model)}.`)];
  const axis = doseAxis(doses);
  const last = doses.length - 1;
  const chart = el("div", {});
  const told = el("output", { class: "told" });
  const slider = el("input", { type: "range", min: 0, max: last, step: 1, value: String(Math.min(kept[family] ?? last, last)), "aria-label": label, on: { input: () => { kept[family] = Number(slider.value); read(); } } });
  const read = () => {
    const dose = doses[Number(slider.value)];
    slider.setAttribute("aria-valuetext", axis.format(dose));
    chart.replaceChildren(doseChart(store, rows, dose, { title: label, pools, axis }));
    told.replaceChildren(el("b", {}, `${axis.format(dose)} `), label, el("ul", {}, rows.filter((row) => row.x === dose).map((row) => (
      el("li", { data: { pool: row.pool, metric: row.metric, value: row.value } }, `${store.poolName(row.pool)}: ${measured(store, row, estimate)}, ${sample(row)}`)))));
  };
  read();
  return [chart, el("div", { class: "slider" }, slider), told];
}
