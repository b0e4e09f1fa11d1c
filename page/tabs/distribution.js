// Distribution: the finding with its intervals. Every point is a row of a table; a point opens its questions.
import { writeAddress } from "../address.js";
import { el, select, svg } from "../view/dom.js";
import { line, mark, scale, shareAxis } from "../view/chart.js";
import { difference, estimate, percent, sample } from "../view/numbers.js";

// rows of the trap, as the figure of the post has them: arm, pool, words, published points
const ROWS = [
  ["base", "eval_hard", "Base model, facts only", ["base"]],
  ["sft", "eval_hard", "SFT on easy", ["sft"]],
  ["sft_more", "eval_hard", "SFT continued (F)", []],
  ["rsft_easy", "eval_hard", "RSFT, easy prompts (A)", ["rsft_easy"]],
  ["rsft_hard", "eval_hard", "RSFT, other hard prompts (B)", []],
  ["rsft_eval", "eval_hard", "RSFT on test questions (C), asked fresh ones", []],
  ["rsft_eval", "eval_leak", "RSFT on test questions (C), asked the same ones", ["rsft_eval_135m", "rsft_eval_360m"]],
  ["sft_hard", "eval_hard", "SFT on hard traces (G)", []],
];
const METRICS = { accuracy: "accuracy (right letter)", faithful: "faithful accuracy (right letter, true trace)" };
const DOSES = {
  hard_share: { title: "Share of hard prompts", label: "Hard prompts in rejection sampling", pools: ["eval_hard"] },
  leaked_share: { title: "Share of leaked questions", label: "Leaked questions in rejection sampling", pools: ["eval_leak", "eval_hard"] },
};
const PUBLISHED = { base: "base model", sft: "SFT", rsft_easy: "RSFT easy", rsft_eval_135m: "RSFT on eval.jsonl, smaller model", rsft_eval_360m: "RSFT on eval.jsonl, larger model" };
const POOLS = { eval_hard: "fresh hard questions", eval_leak: "leaked questions", eval_easy: "fresh easy questions" };

const TURN = 1500; // milliseconds for one dose in a recording
const RIGHT = 26; // user units beside a small chart, for half a label

/** An estimate as a link to its questions, with its interval; colour by what the arm was trained on. */
function point(store, row, { x, low, high, y, vertical = false, kind = "dot", role, hollow = false, text }) {
  const whisker = vertical ? { x1: y, x2: y, y1: low, y2: high } : { x1: low, x2: high, y1: y, y2: y };
  const [cx, cy] = vertical ? [y, x] : [x, y];
  const drawn = [svg("line", { class: "whisker", ...whisker }), svg("circle", { class: "target", cx, cy, r: 13 }), mark(cx, cy, kind, { class: hollow ? "mark hollow" : "mark" })];
  if (!row.arm) return svg("g", { class: `estimate role-${role}`, role: "img", "aria-label": text, data: { value: row.value } }, svg("title", {}, text), ...drawn);
  const href = writeAddress({ tab: "inference", model: row.model, arm: row.arm, question: row.pool });
  return svg("a", { class: `estimate role-${role}`, href, "aria-label": `${text}. Open its questions.`, data: { model: row.model, arm: row.arm, pool: row.pool, metric: row.metric, value: row.value } }, svg("title", {}, text), ...drawn);
}

class Distribution {
  constructor(panel, store, { recording }) {
    this.store = store;
    this.recording = recording;
    this.model = store.site.models[0]?.id ?? "";
    this.metric = "accuracy";
    this.dose = {}; // family -> index of the dose that its slider shows
    this.nodes = Object.fromEntries(["controls", "trap", "contrasts", "hard_share", "leaked_share", "faithful", "hops"].map((name) => [name, el("div", {})]));
    this.nodes.controls.className = "controls";
    const card = (title, name, words) => el("section", { class: "card", "aria-label": title }, el("h3", {}, title), words ? el("p", { class: "muted" }, words) : null, this.nodes[name]);
    panel.replaceChildren(
      el("h2", { class: "spoken" }, "Distribution"), this.nodes.controls,
      card("The trap", "trap", "Dots: ours; squares: published, read off the claims; lines: 95 % intervals; hollow: trained on evaluation questions. A dot opens its questions."),
      card("The contrasts", "contrasts", "Differences of arms on the same questions and seeds, fixed before the runs; each opens its questions."),
      el("div", { class: "cards" },
        card(DOSES.hard_share.title, "hard_share"), card(DOSES.leaked_share.title, "leaked_share"),
        card("Accuracy against faithful accuracy", "faithful", "On fresh hard questions; on the diagonal every right letter has a true trace."),
        card("By hops", "hops", "● accuracy, ▲ faithful accuracy.")));
  }

  visit({ model }) {
    if (this.store.site.models.some(({ id }) => id === model)) this.model = model;
    this.#draw();
    if (this.recording) this.turning ??= setInterval(() => this.#turn(), TURN);
  }

  leave() {
    clearInterval(this.turning);
    this.turning = undefined;
  }

  /** In a recording, the next dose of both sliders. */
  #turn() {
    for (const family of Object.keys(DOSES)) {
      const slider = this.nodes[family].querySelector("input");
      if (!slider) continue;
      slider.value = String((Number(slider.value) + 1) % (Number(slider.max) + 1));
      slider.dispatchEvent(new Event("input"));
    }
  }

  #draw() {
    const { store } = this;
    this.nodes.controls.replaceChildren(
      select("Model", store.site.models.map(({ id, title }) => [id, title]), this.model, (value) => { this.model = value; this.#draw(); }),
      select("The trap shows", Object.entries(METRICS), this.metric, (value) => { this.metric = value; this.#draw(); }));
    this.nodes.trap.replaceChildren(this.#trap());
    this.nodes.contrasts.replaceChildren(this.#contrasts());
    for (const family of Object.keys(DOSES)) this.#drawDose(family);
    this.nodes.faithful.replaceChildren(this.#scatter());
    this.#drawHops();
  }

  #trap() {
    const { store, model, metric } = this;
    const wide = this.nodes.trap.clientWidth > 700;
    const [width, left, row] = wide ? [920, 372, 44] : [420, 16, 62];
    const rows = ROWS.map(([arm, pool, words, published]) => ({
      words, pool, arm: store.arm.get(arm), ours: store.estimate(model, arm, pool, metric),
      quoted: metric === "accuracy" ? published.map((key) => [key, store.site.published[key]]).filter(([, found]) => found) : [],
    })).filter(({ ours, quoted }) => ours || quoted.length);
    const top = 18;
    const height = top + rows.length * row + 30;
    const x = scale(0, 1, left, width - 32);
    const parts = shareAxis({ place: x, vertical: false, from: 8, to: height - 22, at: height - 6 });
    for (const name of ["chance", "ceiling"]) {
      const found = store.estimates.find((one) => one.arm === `baseline:${name}` && one.pool === "eval_hard" && one.metric === "accuracy");
      if (found) parts.push(svg("line", { class: "reference", x1: x(found.value), x2: x(found.value), y1: 8, y2: height - 22 }), svg("text", { class: "tick", x: x(found.value) - 4, y: 12, "text-anchor": "end" }, name));
    }
    rows.forEach(({ words, arm, ours, quoted }, i) => {
      const middle = top + i * row + row / 2 + (wide ? 0 : 8);
      const y = quoted.length ? middle - 5 : middle;
      const at = wide ? { x: left - 14, y: middle + 4, "text-anchor": "end" } : { x: left, y: middle - 17 };
      parts.push(svg("text", at, words));
      quoted.forEach(([key, found], k) => parts.push(point(store, found, {
        x: x(found.value), low: x(found.low), high: x(found.high), y: middle + 9 + 9 * k, kind: "square", role: "published", hollow: true, text: `published, ${PUBLISHED[key] ?? key}: ${estimate(found)}, ${sample(found)}`,
      })));
      if (ours) {
        parts.push(point(store, ours, { x: x(ours.value), low: x(ours.low), high: x(ours.high), y, role: arm?.role ?? "base", hollow: arm?.contaminated, text: `${words}: ${estimate(ours)}, ${sample(ours)}` }));
        const near = x(ours.high) + 8 > width - 70;
        parts.push(svg("text", { class: "value", x: near ? x(ours.low) - 8 : x(ours.high) + 8, y: y + 4, "text-anchor": near ? "end" : "start" }, percent(ours.value)));
      }
    });
    return svg("svg", { class: "chart", viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": `The trap: ${METRICS[metric]} on hard questions by arm` }, ...parts);
  }

  #contrasts() {
    const rows = this.store.contrasts.filter((row) => row.model === this.model);
    const name = (arm) => this.store.arm.get(arm)?.label ?? arm;
    if (rows.length === 0) return el("p", { class: "muted" }, `No contrast was tested with ${this.store.title(this.model)}.`);
    return el("div", { class: "wide", tabindex: 0, role: "group", "aria-label": "Contrasts" }, el("table", { class: "scores" },
      el("thead", {}, el("tr", {}, ["Contrast", "Difference", "Sample", "p (Holm)"].map((head) => el("th", { scope: "col" }, head)))),
      el("tbody", {}, rows.map((row) => el("tr", { data: { contrast: row.name, value: row.value } },
        el("td", {}, el("a", { href: writeAddress({ tab: "inference", model: row.model, arm: row.arm, question: row.pool }) }, row.statement || row.name),
          el("div", { class: "muted" }, `${METRICS[row.metric] ? row.metric : ""} of ${name(row.arm)} − ${name(row.minus)}, ${POOLS[row.pool] ?? row.pool}`)),
        el("td", {}, difference(row)), el("td", {}, sample(row)), el("td", {}, row.p_holm === null ? "" : row.p_holm < 0.001 ? "< 0.001" : row.p_holm.toFixed(3)))))));
  }

  #doses(family) {
    return this.store.doses.filter((row) => row.model === this.model && row.family === family).sort((a, b) => a.x - b.x);
  }

  #drawDose(family) {
    const { label, pools } = DOSES[family];
    const rows = this.#doses(family);
    const places = [...new Set(rows.map((row) => row.x))];
    const node = this.nodes[family];
    if (places.length < 2) {
      node.replaceChildren(el("p", { class: "muted" }, `These doses were not run with ${this.store.title(this.model)}.`));
      return;
    }
    const last = places.length - 1;
    const at = Math.min(this.dose[family] ?? last, last);
    const chart = el("div", {});
    const told = el("output", { class: "told" });
    const slider = el("input", { type: "range", min: 0, max: last, step: 1, value: String(at), "aria-label": label, on: { input: () => { this.dose[family] = Number(slider.value); read(); } } });
    const read = () => {
      const share = places[Number(slider.value)];
      slider.setAttribute("aria-valuetext", percent(share));
      const here = rows.filter((row) => row.x === share && pools.includes(row.pool));
      chart.replaceChildren(this.#doseChart(rows.filter((row) => pools.includes(row.pool)), share, family));
      told.replaceChildren(el("b", {}, `${percent(share)} `), label.toLowerCase(), el("ul", {}, here.filter((row) => METRICS[row.metric]).map((row) => (
        el("li", { data: { pool: row.pool, metric: row.metric, value: row.value } }, `${POOLS[row.pool]}: ${estimate(row)} ${row.metric === "accuracy" ? "right" : "faithful"}, ${sample(row)}`)))));
    };
    node.replaceChildren(chart, el("div", { class: "slider" }, slider), told);
    read();
  }

  #doseChart(rows, share, family) {
    const [width, height, left] = [420, 240, 46];
    const x = scale(0, 1, left, width - RIGHT);
    const y = scale(0, 1, height - 30, 12);
    const parts = [...shareAxis({ place: y, vertical: true, from: left, to: width - RIGHT, at: left - 6 }),
      svg("line", { class: "reference", x1: x(share), x2: x(share), y1: 12, y2: height - 30 }),
      svg("text", { class: "tick", x: left, y: height - 8, "text-anchor": "middle" }, percent(0)), svg("text", { class: "tick", x: width - RIGHT, y: height - 8, "text-anchor": "end" }, percent(1))];
    for (const pool of DOSES[family].pools) {
      for (const metric of Object.keys(METRICS)) {
        const mine = rows.filter((row) => row.pool === pool && row.metric === metric);
        if (mine.length === 0) continue;
        const role = metric === "faithful" ? "faithful" : pool === "eval_leak" ? "leak" : "hard";
        const dashed = pool === DOSES[family].pools[0] ? "" : " dashed";
        parts.push(line(mine.map((row) => [x(row.x), y(row.value)]), { class: `dose role-${role}${dashed}` }));
        parts.push(...mine.map((row) => point(this.store, row, { vertical: true, y: x(row.x), x: y(row.value), low: y(row.low), high: y(row.high), kind: metric === "faithful" ? "triangle" : "dot", role, hollow: this.store.arm.get(row.arm)?.contaminated, text: `${percent(row.x)}, ${POOLS[pool]}: ${estimate(row)} ${metric === "accuracy" ? "right" : "faithful"}` })));
      }
    }
    return svg("svg", { class: "chart", viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": `${DOSES[family].title}: accuracy (dots) and faithful accuracy (triangles)` }, ...parts);
  }

  #scatter() {
    const { store, model } = this;
    const [width, height, left] = [420, 300, 46];
    const x = scale(0, 1, left, width - RIGHT);
    const y = scale(0, 1, height - 34, 12);
    const parts = [...shareAxis({ place: y, vertical: true, from: left, to: width - RIGHT, at: left - 6 }), ...shareAxis({ place: x, vertical: false, from: 12, to: height - 34, at: height - 18 }),
      svg("line", { class: "reference", x1: x(0), y1: y(0), x2: x(1), y2: y(1) }), svg("text", { class: "axis", x: width - RIGHT, y: height - 4, "text-anchor": "end" }, "accuracy"), svg("text", { class: "axis", x: left + 4, y: 24 }, "faithful accuracy")];
    for (const arm of store.armsOf(model)) {
      const [right, reasoned] = ["accuracy", "faithful"].map((metric) => store.estimate(model, arm.id, "eval_hard", metric));
      if (!right || !reasoned) continue;
      parts.push(point(store, right, { x: x(right.value), low: x(right.low), high: x(right.high), y: y(reasoned.value), role: arm.role, hollow: arm.contaminated, text: `${arm.label}: ${estimate(right)} right, ${estimate(reasoned)} faithful` }));
    }
    return svg("svg", { class: "chart", viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": "Accuracy against faithful accuracy, one point for each arm" }, ...parts);
  }

  #drawHops() {
    const { store, model } = this;
    const arms = store.armsOf(model);
    const chosen = this.hopArm && arms.some(({ id }) => id === this.hopArm) ? this.hopArm : arms.some(({ id }) => id === "sft") ? "sft" : arms[0]?.id;
    const rows = store.byHops.filter((row) => row.model === model && row.arm === chosen && ["eval_easy", "eval_hard"].includes(row.pool));
    const hops = [...new Set(rows.map((row) => row.hops))].sort((a, b) => a - b);
    const [width, height, left] = [420, 240, 46];
    const x = (count) => left + 30 + ((width - left - 60) * hops.indexOf(count)) / Math.max(hops.length - 1, 1);
    const y = scale(0, 1, height - 30, 12);
    const parts = [...shareAxis({ place: y, vertical: true, from: left, to: width - RIGHT, at: left - 6 }), ...hops.map((count) => svg("text", { class: "tick", x: x(count), y: height - 10, "text-anchor": "middle" }, `${count} hop${count === 1 ? "" : "s"}`))];
    for (const metric of Object.keys(METRICS)) {
      const mine = rows.filter((row) => row.metric === metric).sort((a, b) => a.hops - b.hops);
      const role = metric === "faithful" ? "faithful" : store.arm.get(chosen)?.role ?? "base";
      const shift = metric === "faithful" ? 9 : -9;
      parts.push(...mine.map((row) => point(store, row, { vertical: true, y: x(row.hops) + shift, x: y(row.value), low: y(row.low), high: y(row.high), kind: metric === "faithful" ? "triangle" : "dot", role, text: `${row.hops} hops: ${estimate(row)} ${metric === "accuracy" ? "right" : "faithful"}, ${sample(row)}` })));
    }
    this.nodes.hops.replaceChildren(
      select("Arm", arms.map(({ id, label }) => [id, label]), chosen, (value) => { this.hopArm = value; this.#drawHops(); }),
      svg("svg", { class: "chart", viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": "Accuracy and faithful accuracy by number of hops" }, ...parts));
  }
}

export const openDistribution = (panel, store, options) => new Distribution(panel, store, options);
