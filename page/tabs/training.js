// Training curves: what was logged while an arm was trained, one seed at a time.
import { keepAddress } from "../address.js";
import { aboutArm } from "../view/about_arm.js";
import { curveNode, loggedRows, words } from "../view/curve.js";
import { el, select } from "../view/dom.js";

class Training {
  constructor(panel, store) {
    this.store = store;
    this.model = store.site.models[0]?.id ?? "";
    this.controls = el("div", { class: "controls" });
    this.curve = el("div", {});
    this.told = el("p", { class: "muted" });
    panel.replaceChildren(
      el("h2", { class: "spoken" }, "Training curves"), this.controls,
      el("section", { class: "card curve-card", "aria-label": "Learning curve" }, this.curve, this.told));
  }

  async visit({ model, arm, seed }) {
    const { store } = this;
    if (store.site.models.some(({ id }) => id === model)) this.model = model;
    const curves = await store.curves(this.model);
    const arms = store.armsOf(this.model);
    if (arms.some(({ id }) => id === arm)) this.arm = arm;
    if (!arms.some(({ id }) => id === this.arm)) this.arm = (arms.find(({ id }) => curves[id]) ?? arms[0])?.id;
    const seeds = Object.keys(curves[this.arm] ?? {});
    this.seed = [seed, this.seed, seeds[0]].find((one) => seeds.includes(one)) ?? "";
    const go = (change) => this.visit({ model: this.model, arm: this.arm, seed: this.seed, ...change });
    this.controls.replaceChildren(
      select("Model", store.site.models.map(({ id, title }) => [id, title]), this.model, (value) => go({ model: value })),
      select("Arm", arms.map(({ id, label, contaminated }) => [id, contaminated ? `${label} (contaminated)` : label]), this.arm, (value) => go({ arm: value })),
      select("Seed", seeds.map((one) => [one, one]), this.seed, (value) => go({ seed: value })),
      el("p", { class: "about-arm" }, aboutArm(store, this.arm)));
    const rows = loggedRows(curves[this.arm]?.[this.seed]);
    const watched = store.site.pools.filter(({ role }) => role === "validation");
    this.curve.replaceChildren(curveNode(rows, rows.length - 1, watched));
    this.told.textContent = rows.length ? words(rows, rows.length - 1, watched) : "";
    keepAddress({ tab: "training", model: this.model, arm: this.arm, seed: this.seed });
  }
}

export const open = (panel, store) => new Training(panel, store);
