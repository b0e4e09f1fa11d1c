// Inference: one stored question, answered by every arm, side by side; the row of the table decides what each answer earned.
import { keepAddress } from "../../address.js";
import { readTrace } from "./engine/reading.js";
import { button, el, select } from "../../view/dom.js";
import { count } from "../../view/numbers.js";
import { GraphView } from "./view/graph.js";
import { RewardView } from "./view/reward.js";
import { questionCard, traceNodes } from "./view/trace.js";

const STORY = ["base", "sft", "sft_more", "rsft_easy", "rsft_hard", "rsft_hard_true", "rsft_eval", "rsft_eval_true", "sft_hard", "grpo_hard"];
const TURN = 3500; // milliseconds for one answer in a recording
// Whether an arm's answer is of a kind that a reader may look for. `arm`: its row; `clean`: the arm SFT's answer.
const KINDS = {
  any: ["all answers", () => true],
  faithful: ["faithful", ({ answer }) => answer.faithful],
  unfaithful: ["right but unfaithful", ({ answer }) => answer.correct && !answer.faithful],
  lucky: ["lucky: right after a false clause", ({ answer }) => answer.correct && answer.first_false >= 0],
  contaminated: ["contaminated: right only after the leak", ({ answer, arm, clean }) => arm.contaminated && answer.correct && !clean?.correct],
  wrong: ["wrong", ({ answer }) => !answer.correct],
};

const hops = ({ hop_len: length }) => count(length, "hop");

class Inference {
  constructor(panel, store, { recording }) {
    this.store = store;
    this.recording = recording;
    this.model = store.site.models[0]?.id ?? "";
    this.pool = "eval_hard";
    this.hops = "all";
    this.kind = "any";
    this.shown = "story"; // or "all", or an arm: before and after it
    this.graph = new GraphView(store);
    this.controls = el("div", { class: "controls" });
    this.position = el("output", { class: "where" });
    this.list = el("div", {});
    this.question = el("div", {});
    this.cards = el("div", { class: "cards" });
    panel.replaceChildren(
      el("h2", { class: "spoken" }, "Inference"),
      this.controls,
      el("div", { class: "player", role: "group", "aria-label": "Question" },
        button("‹ Previous", () => this.#move(-1)), button("Next ›", () => this.#move(1)), this.list, this.position),
      el("div", { class: "columns" },
        el("section", { class: "card", "aria-label": "Question" }, this.question),
        el("section", { class: "card", "aria-label": "The question in the graph" }, this.graph.node)),
      this.cards);
  }

  async visit({ model, arm, question }) {
    if (this.store.answered(model)) this.model = model;
    this.episodes = await this.store.episodes(this.model);
    this.byArm = new Map(this.store.armsOf(this.model).map(({ id }) => [id, new Map(this.episodes.evals(id).map((answer) => [answer.question, answer]))]));
    const wanted = question ? this.store.questions.find(({ id, pool }) => id === question && this.#pools().includes(pool) && this.#answers({ id, pool }).length) : null;
    if (wanted) {
      Object.assign(this, { pool: wanted.pool, hops: "all", kind: "any" });
      this.now = wanted;
    } else if (question && this.#pools().includes(question)) {
      // an address may name a pool, and after it the hops and the kind of answer: #inference/nano.sft/eval_hard
      this.pool = question;
      this.now = null;
    }
    if (this.#arm(arm)) this.arm = arm;
    if (!this.#arm(this.shown)) this.shown = this.shown === "all" ? "all" : "story"; // an arm of another model
    this.#refresh();
    if (this.recording) this.turning ??= setInterval(() => this.#turn(), TURN);
  }

  leave() {
    clearInterval(this.turning);
    this.turning = undefined;
  }

  /** In a recording, the next card, and after the last one the next question. */
  #turn() {
    const cards = [...this.cards.querySelectorAll("button.show")];
    const next = cards[cards.findIndex((one) => one.getAttribute("aria-pressed") === "true") + 1];
    if (next) next.click();
    else {
      this.arm = undefined;
      this.#move(1);
    }
  }

  key(event) {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (by === undefined) return;
    this.#move(by);
    event.preventDefault();
  }

  #pools() {
    return [...new Set([...this.byArm.values()].flatMap((answers) => [...answers.keys()].map(({ pool }) => pool)))];
  }

  /** [{arm, answer, clean}] of the shown arms that have a stored answer to this question. */
  #answers({ id, pool }) {
    const question = this.store.question.get(`${pool}/${id}`);
    const clean = this.byArm.get("sft")?.get(question);
    const arms = this.store.armsOf(this.model).filter(({ id }) => this.#isShown(id));
    const order = (arm) => (STORY.includes(arm.id) ? STORY.indexOf(arm.id) : STORY.length);
    return arms.sort((a, b) => order(a) - order(b))
      .map((arm) => ({ arm, answer: this.byArm.get(arm.id)?.get(question), clean })).filter(({ answer }) => answer);
  }

  #arm(wanted) {
    return this.store.armsOf(this.model).find(({ id }) => id === wanted);
  }

  #isShown(id) {
    if (this.shown === "all" || (this.shown === "story" && this.store.beside(this.model))) return true;
    if (this.shown === "story") return STORY.includes(id) || id === this.arm;
    return id === this.shown || id === this.#arm(this.shown)?.parent;
  }

  #matches(entry) {
    return KINDS[this.kind][1](entry);
  }

  #refresh() {
    const pools = this.#pools();
    if (!pools.includes(this.pool)) this.pool = pools[0];
    const inPool = this.store.questions.filter(({ pool }) => pool === this.pool && pools.includes(pool));
    const lengths = [...new Set(inPool.map(({ hop_len: count }) => count))].sort((a, b) => a - b);
    if (!lengths.map(String).includes(this.hops)) this.hops = "all";
    this.found = inPool.filter((question) => (this.hops === "all" || String(question.hop_len) === this.hops)
      && this.#answers(question).some((entry) => this.#matches(entry)));
    if (!this.found.includes(this.now)) this.now = this.found[0];
    const set = (field) => (value) => { this[field] = value; this.#refresh(); };
    this.controls.replaceChildren(
      select("Model", this.store.answeredModels(), this.model, (model) => this.visit({ model, arm: "", question: "" })),
      select("Questions", pools.map((pool) => [pool, this.store.poolName(pool)]), this.pool, set("pool")),
      select("Hops", [["all", "all"], ...lengths.map((count) => [count, String(count)])], this.hops, set("hops")),
      select("Some answer is", Object.entries(KINDS).map(([kind, [name]]) => [kind, name]), this.kind, set("kind")),
      select("Arms", [...(this.store.beside(this.model) ? [] : [["story", "those of the post"]]), ["all", "all"], { group: "before and after", options: this.store.armsOf(this.model).filter(({ parent }) => parent).map(({ id, label }) => [id, label]) }], this.shown, set("shown")));
    this.list.replaceChildren(select("Stored question", this.found.map((question, i) => [i, `${i + 1}. ${question.meta.start}, ${hops(question)}`]), this.found.indexOf(this.now), (i) => { this.now = this.found[Number(i)]; this.#draw(); }));
    this.#draw();
  }

  #move(by) {
    const at = this.found.indexOf(this.now) + by;
    if (at < 0 || at >= this.found.length) return;
    this.now = this.found[at];
    this.list.querySelector("select").value = String(at);
    this.#draw();
  }

  #draw() {
    const { now } = this;
    this.position.textContent = this.found.length ? `${this.found.indexOf(now) + 1} of ${this.found.length} stored questions` : "No stored question is like that.";
    if (!now) {
      this.cards.replaceChildren();
      this.question.replaceChildren();
      return;
    }
    const entries = this.#answers(now);
    this.question.replaceChildren(questionCard(now),
      el("p", { class: "muted" }, `${hops(now)}, ${this.store.poolName(now.pool)} (${now.id}). Greedy answers of ${this.store.answersOf(this.model)}; the graph shows the path asked as a thin line.`));
    const chosen = entries.find(({ arm }) => arm.id === this.arm) ?? entries.find((entry) => this.kind !== "any" && this.#matches(entry)) ?? entries.find(({ arm }) => arm.id === "rsft_hard") ?? entries.at(this.store.beside(this.model) ? -1 : 0);
    this.cards.replaceChildren(...entries.map((entry) => this.#card(entry)));
    this.#light(chosen);
    keepAddress({ tab: "inference", model: this.model, arm: this.arm ?? "", question: now.id });
  }

  #light({ arm, answer }) {
    const reading = readTrace(this.store.grader, answer.question, answer.completion, { done: true });
    this.graph.show(answer.question, reading.clauses.map(({ clause }) => clause));
    this.graph.light(reading.clauses, reading.answer?.letter ?? "");
    for (const card of this.cards.children) card.classList.toggle("lit", card.dataset.arm === arm.id);
    for (const show of this.cards.querySelectorAll("button.show")) show.setAttribute("aria-pressed", String(show.dataset.arm === arm.id));
  }

  #card(entry) {
    const { arm, answer } = entry;
    const reading = readTrace(this.store.grader, answer.question, answer.completion, { done: true });
    const reward = new RewardView();
    reward.show(answer);
    const show = button("Show in the graph", () => { this.arm = arm.id; this.#light(entry); keepAddress({ tab: "inference", model: this.model, arm: arm.id, question: this.now.id }); }, { class: "quiet show", data: { arm: arm.id } });
    return el("article", { class: this.kind !== "any" && this.#matches(entry) ? "card match" : "card", data: { arm: arm.id } },
      el("div", { class: "row" }, el("h3", {}, arm.label), arm.contaminated ? el("span", { class: "badge" }, "contaminated") : null),
      el("p", { class: "trace" }, answer.completion ? traceNodes(answer.completion, reading) : el("span", { class: "muted" }, "(nothing)")),
      reward.node, show);
  }
}

export const open = (panel, store, options) => new Inference(panel, store, options);
