// Stored answers of the arms, one at a time and step by step: what the panels of studies share that show how an answer was read.
// What each answer came to was recorded in Python when the page was built; nothing is graded here.
import { keepAddress } from "../address.js";
import { button, el, select } from "./dom.js";
import { count } from "./numbers.js";

const capital = (word) => word[0].toUpperCase() + word.slice(1);

/**
 * A panel that walks. The panel itself puts `controls`, `picker` and the parts of the stepper (`back`, `next`, `bar`) where they belong.
 *
 * It gives: outcome(question), what came of the arm's answer; draw(), which draws the answer `now`; last(), the number of the
 * last step; show(at), which calls `step(at)` first.
 */
export class Walk {
  /**
   * names: {tab, file, thing, answer, step}: the tab's name in addresses, the file of records (its `of` has {model: {arm: …}}),
   * and what the reader calls a question, an answer and a step of it. kinds: {name: [words, whether an outcome is of it]}.
   */
  constructor(store, names, kinds) {
    Object.assign(this, { store, names, kinds, kind: "any", at: 0, model: store.site.models[0]?.id ?? "" });
    const { thing, step } = names;
    this.controls = el("div", { class: "controls" });
    this.list = el("div", {});
    this.where = el("output", { class: "where" });
    this.picker = el("div", { class: "player", role: "group", "aria-label": capital(thing) },
      button("‹ Previous", () => this.move(-1)), button("Next ›", () => this.move(1)), this.list, this.where);
    this.bar = el("input", { type: "range", min: 0, "aria-label": capital(step), on: { input: () => this.show(Number(this.bar.value)) } });
    this.back = button(`‹ ${capital(step)} back`, () => this.show(this.at - 1));
    this.next = button(`Next ${step} ›`, () => this.show(this.at + 1), { class: "primary" });
  }

  async visit({ model, arm, question, step }) {
    const { store } = this;
    this.records ??= await store.file(this.names.file);
    const { of } = this.records;
    if (of[model]) this.model = model;
    this.model = of[this.model] ? this.model : Object.keys(of)[0];
    if (this.arms().some(({ id }) => id === arm)) this.arm = arm;
    this.episodes = await store.episodes(this.model);
    const wanted = question && store.questions.find(({ id, pool }) => id === question || pool === question);
    if (wanted) Object.assign(this, { now: wanted, pool: wanted.pool, kind: "any" });
    this.at = step ?? 0;
    this.refresh();
  }

  key(event) {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (by === undefined) return;
    this.show(this.at + by);
    event.preventDefault();
  }

  arms() {
    return this.store.armsOf(this.model).filter(({ id }) => this.records.of[this.model]?.[id]);
  }

  /** What the records have of the arm's answer to a question. */
  recorded({ pool, id }) {
    return this.records.of[this.model][this.arm][`${pool}/${id}`];
  }

  refresh() {
    const { store, kinds } = this;
    const { thing, answer } = this.names;
    const arms = this.arms();
    if (!arms.some(({ id }) => id === this.arm)) this.arm = (arms.find(({ id }) => id === "sft") ?? arms[0])?.id;
    this.answers = new Map(this.arm ? this.episodes.evals(this.arm).map((one) => [one.question, one]) : []);
    const asked = [...this.answers.keys()];
    const pools = [...new Set(asked.map(({ pool }) => pool))];
    if (!pools.includes(this.pool)) this.pool = pools[0];
    this.shown = asked.filter((one) => one.pool === this.pool && kinds[this.kind][1](this.outcome(one)));
    if (!this.shown.includes(this.now)) Object.assign(this, { now: this.shown[0], at: 0 });
    const set = (field) => (value) => { this[field] = value; this.at = 0; this.refresh(); };
    this.controls.replaceChildren(
      select("Model", store.site.models.filter(({ id }) => this.records.of[id]).map(({ id, title }) => [id, title]), this.model, (model) => this.visit({ model })),
      select("Arm", arms.map(({ id, label, contaminated }) => [id, contaminated ? `${label} (contaminated)` : label]), this.arm, set("arm")),
      select(`${capital(thing)}s`, pools.map((pool) => [pool, store.poolName(pool)]), this.pool, set("pool")),
      select(`${capital(answer)}s that are`, Object.entries(kinds).map(([kind, [words]]) => [kind, words]), this.kind, set("kind")));
    this.list.replaceChildren(select(capital(thing), this.shown.map(({ id }, i) => [i, id]), this.shown.indexOf(this.now), (i) => this.go(this.shown[Number(i)])));
    this.go(this.now, this.at);
  }

  move(by) {
    const next = this.shown[this.shown.indexOf(this.now) + by];
    if (!next) return;
    this.list.querySelector("select").value = String(this.shown.indexOf(next));
    this.go(next);
  }

  /** Show a question, or that there is none. */
  go(question, at = 0) {
    const { thing, answer } = this.names;
    Object.assign(this, { now: question, at });
    this.where.textContent = question ? `${this.shown.indexOf(question) + 1} of ${count(this.shown.length, `stored ${thing}`)}` : `No stored ${answer} is like that.`;
    this.draw();
  }

  /** Go to a step, as far as there are steps, and keep it in the address. */
  step(at) {
    const last = this.last();
    this.at = Math.max(0, Math.min(at, last));
    this.bar.max = String(last);
    this.bar.value = String(this.at);
    this.back.disabled = this.at === 0;
    this.next.disabled = this.at === last;
    if (this.now) keepAddress({ tab: this.names.tab, model: this.model, arm: this.arm, question: this.now.id, step: this.at });
  }
}
