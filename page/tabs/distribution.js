// Distribution: the finding with its intervals. Every point is a row of a table; a point opens its questions.
import { el, select } from "../view/dom.js";
import { explained } from "../view/terms.js";
import { armsChart } from "./distribution/arms.js";
import { contrastsTable } from "./distribution/contrasts.js";
import { Dial, dialCard } from "./distribution/dial.js";
import { doseNodes } from "./distribution/doses.js";
import { levelsChart, scatterChart } from "./distribution/levels.js";
import { storyChart } from "./distribution/story.js";

const TURN = 1500; // milliseconds for one dose in a recording, which shows the arms and beside them one family of doses
const SIGNS = "Lines: 95 % intervals; hollow: trained on evaluation questions. A mark opens its questions.";

const signs = ([first, second]) => (second ? `● ${first}, ▲ ${second}.` : "");

class Distribution {
  constructor(panel, store, { recording }) {
    const { site } = store;
    this.store = store;
    this.recording = recording;
    this.model = site.models[0]?.id ?? "";
    this.metric = site.metrics[0]?.id;
    this.pool = site.story ? "" : site.main_pool; // "": the rows that the study chose, of its models side by side
    this.kept = {}; // family -> index of the dose that its slider shows
    this.families = site.families.filter(({ id }) => store.doses.some(({ family }) => family === id));
    if (recording) for (const { id } of this.families) this.kept[id] = 0;
    const names = ["controls", "arms", "contrasts", "scatter", "levels", ...this.families.map(({ id }) => `dose ${id}`)];
    this.nodes = Object.fromEntries(names.map((name) => [name, el("div", {})]));
    this.nodes.controls.className = "controls";
    this.cards = {};
    if (site.dial) this.dial = new Dial(store);
    const seen = new Set();
    const card = ([first, ...rest], name, words) => {
      const title = first.toUpperCase() + rest.join("");
      return this.cards[name] = el("section", { class: "card", "aria-label": title }, el("h3", {}, title), words ? el("p", { class: "muted" }, explained(words, seen)) : null, this.nodes[name]);
    };
    const labels = site.pair.map((id) => store.metric.get(id).label);
    const paired = labels.length > 1;
    panel.replaceChildren(
      el("h2", { class: "spoken" }, "Distribution"), this.nodes.controls,
      card(site.story?.title ?? "The arms", "arms", [site.story?.words, signs(labels), SIGNS].filter(Boolean).join(" ")),
      card("The contrasts", "contrasts", "Differences of arms on the same questions and seeds, fixed before the runs; each opens its questions."),
      el("div", { class: "cards" },
        this.families.map(({ id, title }) => card(title, `dose ${id}`)),
        this.dial ? this.cards.dial = dialCard(this.dial) : null,
        paired ? card(`${labels[0]} against ${labels[1]}`, "scatter", site.scatter_words || `On ${store.poolName(site.main_pool)}.`) : null,
        card(`By ${site.study.level_name}`, "levels", paired ? `● ${labels[0]}, ▲ ${labels[1]}.` : `● ${labels[0]}.`)));
  }

  visit({ model }) {
    if (this.store.site.models.some(({ id }) => id === model)) this.model = model;
    this.#draw();
    if (this.recording) this.turning ??= setInterval(() => this.#turn(), TURN);
  }

  leave() {
    clearInterval(this.turning);
    this.turning = undefined;
    this.dial?.leave();
  }

  /** In a recording, the next dose, and after the last one the first of the next family. */
  #turn() {
    const families = this.#dosed();
    const slider = families[this.turned]?.slider;
    if (!slider) return;
    const next = (Number(slider.value) + 1) % (Number(slider.max) + 1);
    slider.value = String(next);
    slider.dispatchEvent(new Event("input"));
    if (next === 0) {
      this.turned = (this.turned + 1) % families.length;
      this.#fit();
    }
  }

  /** {name, slider} of the cards whose doses the chosen model was given. */
  #dosed() {
    return this.families.map(({ id }) => ({ name: `dose ${id}`, slider: this.nodes[`dose ${id}`].querySelector("input") })).filter(({ slider }) => slider);
  }

  /** Hide the cards without doses of this model; in a recording, all but what fits into the frame. */
  #fit() {
    const dosed = this.#dosed().map(({ name }) => name);
    this.turned = Math.min(this.turned ?? 0, Math.max(dosed.length - 1, 0));
    for (const [name, card] of Object.entries(this.cards)) {
      if (this.recording) card.hidden = name !== "arms" && name !== dosed[this.turned];
      else card.hidden = name.startsWith("dose ") && !dosed.includes(name);
    }
  }

  #draw() {
    const { store, model, nodes } = this;
    const { site } = store;
    const set = (field) => (value) => { this[field] = value; this.#draw(); };
    const pools = site.pools.filter(({ id }) => store.estimates.some((row) => row.model === model && row.pool === id));
    const [told, wide] = [this.pool === "", nodes.arms.clientWidth > 700];
    nodes.controls.replaceChildren(
      select("Arms on", [...(site.story ? [["", site.story.name]] : []), ...pools.map(({ id, label }) => [id, label])], this.pool, set("pool")),
      select(told ? "Model of what follows" : "Model", site.models.map(({ id, title }) => [id, title]), model, set("model")),
      ...(told ? [] : [select("Measure", site.metrics.map(({ id, label }) => [id, label]), this.metric, set("metric"))]));
    nodes.arms.replaceChildren(told ? storyChart(store, { wide }) : armsChart(store, { model, metric: this.metric, pool: this.pool, wide }));
    nodes.contrasts.replaceChildren(contrastsTable(store, model));
    for (const family of this.families) nodes[`dose ${family.id}`].replaceChildren(...doseNodes(store, family, model, this.kept));
    if (site.pair.length > 1) nodes.scatter.replaceChildren(scatterChart(store, model, site.main_pool));
    const arms = store.armsOf(model);
    const first = arms.find(({ role }) => role === "start") ?? arms[0];
    const chosen = arms.some(({ id }) => id === this.arm) ? this.arm : first?.id;
    nodes.levels.replaceChildren(select("Arm", arms.map(({ id, label }) => [id, label]), chosen, set("arm")), levelsChart(store, model, chosen));
    this.#fit();
  }
}

export const open = (panel, store, options) => new Distribution(panel, store, options);
