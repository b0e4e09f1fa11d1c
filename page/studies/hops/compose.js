// Which question to ask: one of the stored ones, or one that the visitor composes from a start and a chain of relations.
import { button, el, select } from "../../view/dom.js";
import { count } from "../../view/numbers.js";

const START = "ConnectionRefused";

export class Composer {
  /** `onQuestion(question)`: the visitor has one. */
  constructor(store, onQuestion) {
    this.store = store;
    this.onQuestion = onQuestion;
    this.mode = "stored";
    this.pool = store.questions.some(({ pool }) => pool === "eval_hard") ? "eval_hard" : store.questions[0]?.pool;
    this.start = store.asker.types.has(START) ? START : [...store.asker.types.keys()].find((id) => store.asker.next(id, []).length);
    this.chain = [];
    this.draw = 0;
    this.body = el("div", { class: "controls" });
    this.problem = el("p", { class: "problem", role: "alert", hidden: true });
    this.modes = ["stored", "composed"].map((mode) => button(mode === "stored" ? "Take a question" : "Compose a question", () => this.#mode(mode), { class: "quiet", data: { mode } }));
    this.node = el("section", { class: "card", "aria-label": "The question to ask" }, el("div", { class: "row" }, this.modes), this.body, this.problem);
  }

  /** Open with a stored question, or with the first of the pool. */
  open(question) {
    if (question) this.pool = question.pool;
    this.now = question ?? this.#inPool()[0];
    this.#mode(this.now ? "stored" : "composed");
  }

  #mode(mode) {
    this.mode = mode;
    for (const one of this.modes) one.setAttribute("aria-pressed", String(one.dataset.mode === mode));
    if (mode === "stored") this.#stored();
    else this.#composed();
  }

  #inPool() {
    return this.store.questions.filter(({ pool }) => pool === this.pool);
  }

  #stored() {
    this.problem.hidden = true;
    const questions = this.#inPool();
    if (!questions.includes(this.now)) this.now = questions[0];
    const pools = [...new Set(this.store.questions.map(({ pool }) => pool))];
    this.body.replaceChildren(
      select("Pool", pools.map((pool) => [pool, this.store.poolName(pool)]), this.pool, (pool) => { this.pool = pool; this.#stored(); }),
      select("Question", questions.map((one, i) => [i, `${i + 1}. ${one.meta.start}, ${count(one.hop_len, "hop")}`]), questions.indexOf(this.now), (i) => { this.now = questions[Number(i)]; this.onQuestion(this.now); }),
      button("Any", () => { this.now = questions[Math.floor(Math.random() * questions.length)]; this.#stored(); }, { class: "quiet" }));
    this.onQuestion(this.now);
  }

  #composed() {
    const { asker } = this.store;
    const types = [...new Set(asker.types.values())];
    const starts = types.map((type) => ({ group: type, options: [...asker.types].filter(([id, its]) => its === type && asker.next(id, []).length).map(([id]) => [id, id]) })).filter(({ options }) => options.length);
    const next = asker.next(this.start, this.chain);
    this.body.replaceChildren(
      select("Start", starts, this.start, (start) => { this.start = start; this.chain = []; this.#composed(); }),
      el("div", { class: "chain row", role: "group", "aria-label": "Chain of relations" },
        this.chain.map((relation) => el("span", { class: "badge plain" }, asker.phrases.get(relation))),
        next.map((relation) => button(`+ ${asker.phrases.get(relation)}`, () => { this.chain = [...this.chain, relation]; this.#composed(); this.body.querySelector(".chain button")?.focus(); }, { class: "quiet" })),
        this.chain.length ? button("↶ back", () => { this.chain = this.chain.slice(0, -1); this.#composed(); }, { class: "quiet" }) : null,
        this.chain.length ? button("other options", () => { this.draw += 1; this.#composed(); }, { class: "quiet" }) : null));
    if (this.chain.length === 0) {
      this.problem.hidden = true;
      return;
    }
    try {
      const question = asker.compose({ start: this.start, chain: this.chain, seed: this.draw });
      this.problem.hidden = true;
      this.onQuestion({ ...question, pool: "composed" });
    } catch (error) {
      this.problem.hidden = false;
      this.problem.textContent = error.message;
    }
  }
}
