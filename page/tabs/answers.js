// Answers: an arm, a question, and what came of it: the finished arm's answer, or the samples that it was trained on.
import { keepAddress } from "../address.js";
import { answerCard } from "../view/answer.js";
import { button, el, select } from "../view/dom.js";

const SOURCES = { evals: "answers of the finished arm", rollouts: "samples to train on" };
const KINDS = {
  any: ["all", () => true],
  right: ["right", ({ correct }) => correct],
  wrong: ["wrong", ({ correct }) => !correct],
  unfaithful: ["right but not faithful", ({ correct, faithful }) => correct && faithful === false],
  unread: ["could not be read", ({ format }) => format === false],
};

class Answers {
  constructor(panel, store) {
    this.store = store;
    this.model = store.site.models[0]?.id ?? "";
    this.arm = store.armsOf(this.model)[0]?.id;
    this.source = "evals";
    this.kind = "any";
    this.pool = "";
    this.controls = el("div", { class: "controls" });
    this.list = el("div", {});
    this.position = el("output", { class: "where" });
    this.prompt = el("p", { class: "written", data: { part: "prompt" } });
    this.about = el("p", { class: "muted" });
    this.cards = el("div", { class: "cards" });
    panel.replaceChildren(
      el("h2", { class: "spoken" }, "Answers"), this.controls,
      el("div", { class: "player", role: "group", "aria-label": "Question" },
        button("‹ Previous", () => this.#move(-1)), button("Next ›", () => this.#move(1)), this.list, this.position),
      el("section", { class: "card", "aria-label": "The question" }, this.prompt, this.about),
      this.cards);
  }

  /** Go to an arm and a question; a pool in the question's place opens its first question. */
  async visit({ model, arm, question }) {
    const { store } = this;
    if (store.answered(model)) this.model = model;
    this.episodes = await store.episodes(this.model);
    if (store.armsOf(this.model).some(({ id }) => id === arm)) this.arm = arm;
    if (!store.armsOf(this.model).some(({ id }) => id === this.arm)) this.arm = store.armsOf(this.model)[0]?.id;
    if (question) {
      for (const source of Object.keys(SOURCES)) {
        const wanted = this.#rows(source).find((row) => row.question.id === question || row.question.pool === question);
        if (!wanted) continue;
        Object.assign(this, { source, pool: wanted.question.pool, kind: "any", now: wanted.question });
        break;
      }
    }
    this.#refresh();
  }

  key(event) {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (by === undefined) return;
    this.#move(by);
    event.preventDefault();
  }

  #rows(source = this.source) {
    return this.arm ? this.episodes[source](this.arm) : [];
  }

  #refresh() {
    const { store } = this;
    const sources = Object.keys(SOURCES).filter((source) => this.#rows(source).length);
    if (!sources.includes(this.source)) this.source = sources[0] ?? "evals";
    const rows = this.#rows();
    const pools = [...new Set(rows.map(({ question }) => question.pool))];
    if (!pools.includes(this.pool)) this.pool = pools[0] ?? "";
    const inPool = rows.filter(({ question }) => question.pool === this.pool);
    const kinds = Object.entries(KINDS).filter(([kind, [, test]]) => kind === "any" || kind === this.kind || inPool.some(test));
    this.found = [...new Set(inPool.filter(KINDS[this.kind][1]).map(({ question }) => question))];
    if (!this.found.includes(this.now)) this.now = this.found[0];
    const set = (field) => (value) => { this[field] = value; this.#refresh(); };
    this.controls.replaceChildren(
      select("Model", store.answeredModels(), this.model, (model) => this.visit({ model, arm: this.arm, question: "" })),
      select("Arm", store.armsOf(this.model).map(({ id, label, contaminated }) => [id, contaminated ? `${label} (contaminated)` : label]), this.arm, set("arm")),
      select("Show", sources.map((source) => [source, SOURCES[source]]), this.source, set("source")),
      select("Questions", pools.map((pool) => [pool, store.poolName(pool)]), this.pool, set("pool")),
      select("That are", kinds.map(([kind, [name]]) => [kind, name]), this.kind, set("kind")));
    this.list.replaceChildren(select("Question", this.found.map(({ id }, i) => [i, id]), this.found.indexOf(this.now), (i) => { this.now = this.found[Number(i)]; this.#draw(); }));
    this.#draw();
  }

  #move(by) {
    const next = this.found[this.found.indexOf(this.now) + by];
    if (!next) return;
    this.now = next;
    this.list.querySelector("select").value = String(this.found.indexOf(next));
    this.#draw();
  }

  #draw() {
    const { now, store } = this;
    this.position.textContent = now ? `${this.found.indexOf(now) + 1} of ${this.found.length} stored questions` : "No stored answer is like that.";
    this.prompt.textContent = now?.prompt ?? "";
    this.about.textContent = now ? `${now.id}: ${store.poolName(now.pool)}, ${store.site.study.level_name} ${now.level}. Answers of ${store.answersOf(this.model)}.` : "";
    const rows = now ? this.#rows().filter(({ question }) => question === now) : [];
    this.cards.replaceChildren(...rows.map((row) => this.#card(row, rows)));
    if (now) keepAddress({ tab: store.site.study.answers, model: this.model, arm: this.arm, question: now.id });
  }

  #card(row, rows) {
    const sampled = this.source === "rollouts";
    const rounds = new Set(rows.map(({ round }) => round)).size;
    const title = sampled ? `Sample ${row.sample + 1}${rounds > 1 ? `, round ${row.round + 1}` : ""}` : this.store.armsOf(this.model).find(({ id }) => id === this.arm)?.label ?? this.arm;
    return answerCard(this.store, this.episodes, row, { title, kept: sampled ? row.kept : undefined });
  }
}

export const open = (panel, store) => new Answers(panel, store);
