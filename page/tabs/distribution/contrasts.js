// Differences of arms, as they were fixed before the runs.
import { el } from "../../view/dom.js";
import { difference, sample } from "../../view/numbers.js";

const HEADS = ["Contrast", "Difference", "Sample", "p (Holm)"];
const chance = (p) => (p === null ? "" : p < 0.001 ? "< 0.001" : p.toFixed(3));

export function contrastsTable(store, model) {
  const rows = store.contrasts.filter((row) => row.model === model);
  if (rows.length === 0) return el("p", { class: "muted" }, `No contrast was tested with ${store.title(model)}.`);
  const words = ({ arm, minus, pool, metric }) => `${store.metricName(metric)} of ${store.armName(arm)} − ${store.armName(minus)}, ${store.poolName(pool)}`;
  return el("div", { class: "wide", tabindex: 0, role: "group", "aria-label": "Contrasts" }, el("table", { class: "scores" },
    el("thead", {}, el("tr", {}, HEADS.map((head) => el("th", { scope: "col" }, head)))),
    el("tbody", {}, rows.map((row) => el("tr", { data: { contrast: row.name, value: row.value } },
      el("td", {}, el("a", { href: store.answersAt(row) }, row.statement || row.name), el("div", { class: "muted" }, words(row))),
      el("td", {}, difference(row, store.metric.get(row.metric)?.unit)), el("td", {}, sample(row)), el("td", {}, chance(row.p_holm)))))));
}
