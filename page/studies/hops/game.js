// Guess, then be the reward: a question, the visitor's own guess, the answers that a model really sampled for it, and what was kept.
import { readTrace } from "./engine/reading.js";
import { button, el, put, select } from "../../view/dom.js";
import { estimate, points } from "../../view/numbers.js";
import { explained } from "../../view/terms.js";
import { GraphView } from "./view/graph.js";
import { verdict } from "./view/reward.js";
import { breakable, traceNodes } from "./view/trace.js";

const FIRST = "rsft_hard";
const NUMBERS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];
const spelled = (count) => NUMBERS[count] ?? String(count);
const capital = ([first, ...rest]) => first.toUpperCase() + rest.join("");
const rankOf = ({ winner }) => (winner ? (winner.correct && !winner.faithful ? 0 : 1) : 2);

/** Groups of samples of one prompt: {question, rows, winner}; those whose winner is right for a false reason come first. */
function groupsOf(rollouts) {
  const found = new Map();
  for (const row of rollouts) {
    const key = `${row.round}/${row.question.pool}/${row.question.id}`;
    if (!found.has(key)) found.set(key, { question: row.question, rows: [] });
    found.get(key).rows.push(row);
  }
  const groups = [...found.values()].map((group) => ({ ...group, winner: group.rows.find(({ kept }) => kept) }));
  return groups.sort((a, b) => rankOf(a) - rankOf(b));
}

export class Game {
  /** `onMove({model, arm, question})`: another question is shown. */
  constructor(store, onMove) {
    this.store = store;
    this.onMove = onMove;
    this.score = { played: 0, guessed: 0, trueReasons: 0, keptTrue: 0, kept: 0 };
    this.graph = new GraphView(store);
    this.controls = el("div", { class: "controls" });
    this.asked = el("div", {});
    this.told = el("div", { class: "told", role: "status" });
    this.heading = el("h3", { tabindex: -1 });
    this.cards = el("div", { class: "cards picks" });
    this.about = el("p", { class: "muted" });
    this.drawing = el("section", { class: "card", "aria-label": "The question in the graph", hidden: true }, this.graph.node);
    this.node = el("section", { class: "game", "aria-label": "Guess, then be the reward" },
      el("h3", {}, "Guess, then be the reward"),
      el("div", { class: "columns even" }, el("section", { class: "card", "aria-label": "The question" }, this.asked, this.told), this.drawing),
      this.heading, this.cards, this.about, this.controls);
  }

  async open({ model, arm, question }) {
    const { store } = this;
    const all = await Promise.all(store.site.models.map(async ({ id }) => [id, await store.episodes(id)]));
    this.models = all.map(([id, episodes]) => ({ id, episodes, arms: store.armsOf(id).filter((one) => episodes.rollouts(one.id).length) })).filter(({ arms }) => arms.length);
    if (this.models.length === 0) {
      put(this.node, el("p", { class: "muted" }, "This page holds no samples of a training to choose from."));
      return;
    }
    if (this.question && !question && !model) return; // back from another tab: the game goes on
    this.#choose(model, arm, question);
  }

  /** Letters guess, digits pick. */
  key(event) {
    const letter = event.key.toUpperCase();
    if (this.step === "guess" && letter in (this.question?.options ?? {})) this.#guess(letter);
    else if (this.step === "pick" && this.rows[Number(event.key) - 1]) this.#pick(this.rows[Number(event.key) - 1]);
    else return;
    event.preventDefault();
  }

  #choose(model, arm, question = "") {
    const { store } = this;
    const chosen = this.models.find(({ id }) => id === model) ?? this.models[0];
    const known = chosen.arms.map(({ id }) => id);
    this.model = chosen.id;
    this.arm = [arm, this.arm, FIRST].find((id) => known.includes(id)) ?? known[0];
    this.groups = groupsOf(chosen.episodes.rollouts(this.arm));
    this.at = Math.max(0, this.groups.findIndex((group) => group.question.id === question));
    this.controls.replaceChildren(
      select("Model", this.models.map(({ id }) => [id, store.title(id)]), this.model, (id) => this.#choose(id, this.arm)),
      select("Arm", chosen.arms.map(({ id, label, contaminated }) => [id, contaminated ? `${label} (contaminated)` : label]), this.arm, (id) => this.#choose(this.model, id)));
    const parent = store.arm.get(this.arm)?.parent;
    this.sampler = parent ? store.armName(parent) : "the model";
    const first = this.groups.filter((group) => rankOf(group) === 0).length;
    put(this.about, explained(`What ${this.sampler} sampled for this training prompt, seed ${store.site.stored_seed}, with the rewards that the run gave: its log, of which this page holds ${this.groups.length} prompts. `
      + `The ${first} whose winner has the right letter for a false reason come first.`));
    this.#ask();
  }

  #ask() {
    const { question, rows, winner } = this.groups[this.at];
    Object.assign(this, { question, rows, winner, step: "guess", guess: null });
    put(this.asked,
      el("p", { class: "asked" }, question.question),
      el("div", { class: "options guesses", role: "group", "aria-label": "Your guess" },
        Object.entries(question.options).map(([letter, entity]) => button("", () => this.#guess(letter), { class: "option", data: { letter } }))));
    for (const one of this.asked.querySelectorAll(".option")) one.append(el("b", {}, one.dataset.letter), " ", ...breakable(question.options[one.dataset.letter]));
    put(this.told, el("p", {}, "Which one is it? Guess: blind, one in ", spelled(Object.keys(question.options).length), " is right."));
    put(this.heading);
    put(this.cards);
    this.drawing.hidden = true;
    this.onMove({ model: this.model, arm: this.arm, question: question.id });
  }

  #guess(letter) {
    if (this.step !== "guess") return;
    Object.assign(this, { step: "pick", guess: letter });
    for (const one of this.asked.querySelectorAll(".option")) {
      one.disabled = true;
      one.setAttribute("aria-pressed", String(one.dataset.letter === letter));
    }
    put(this.told, el("p", {}, `You say ${letter}. ${capital(this.sampler)} was asked ${spelled(this.rows.length)} times: its answers are below.`));
    put(this.heading, `Which one of these ${spelled(this.rows.length)} answers would you train on?`);
    put(this.cards, this.rows.map((row, i) => el("article", { class: "card", data: { sample: i } },
      el("p", { class: "trace" }, row.completion || el("span", { class: "muted" }, "(nothing)")),
      button(`Train on answer ${i + 1}`, () => this.#pick(row), { class: "quiet" }))));
    this.heading.focus();
    this.heading.scrollIntoView({ block: "nearest" });
  }

  #pick(row) {
    if (this.step !== "pick") return;
    this.step = "told";
    const { question, score, winner } = this;
    const right = this.guess === question.answer_star;
    score.played += 1;
    score.guessed += Number(right);
    score.trueReasons += Number(row.faithful);
    score.kept += Number(Boolean(winner));
    score.keptTrue += Number(Boolean(winner?.faithful));
    const readings = this.rows.map((one) => readTrace(this.store.grader, question, one.completion, { done: true }));
    const of = (one) => `answer ${this.rows.indexOf(one) + 1}, ${one.correct ? "the right letter" : "a wrong letter"}, ${this.#reason(one, readings[this.rows.indexOf(one)])}`;
    for (const one of this.asked.querySelectorAll(".option")) one.classList.toggle("right", one.dataset.letter === question.answer_star);
    put(this.told,
      el("p", {}, `Your guess ${this.guess} is ${right ? "right" : `wrong: it is ${question.answer_star}`}. You would train on ${of(row)}.`),
      el("p", {}, el("strong", {}, winner ? `RSFT ${winner === row ? "kept it too: " : "kept "}` : "RSFT kept none: "),
        ...explained(winner ? (winner === row ? `${winner.faithful ? "this time letter and reason agree" : "its reward reads the letter and the names on the path, never whether a step is true"}.` : `${of(winner)}.`)
          : "no answer reached the least reward that it asks for.")),
      this.#taught(),
      el("p", { class: "tally" }, `So far, of ${score.played}: ${score.guessed} guessed right, ${score.trueReasons} picked with a true reason; RSFT kept ${score.kept}, ${score.keptTrue} with a true reason.`),
      button("Another question", () => this.#next(), { class: "primary" }));
    put(this.heading, "What the graph says of them");
    put(this.cards, this.rows.map((one, i) => el("article", { class: one === winner ? "card match" : "card", data: { sample: i } },
      el("div", { class: "row" }, el("h4", {}, `Answer ${i + 1}`), verdict(one), el("span", { class: "number" }, `reward ${points(one.total)}`),
        one === row ? el("span", { class: "badge plain" }, "your pick") : null, one.kept ? el("span", { class: "badge plain" }, "kept by RSFT") : null),
      el("p", { class: "trace" }, one.completion ? traceNodes(one.completion, readings[i]) : el("span", { class: "muted" }, "(nothing)")),
      button("Show in the graph", () => this.graph.light(readings[i].clauses, readings[i].answer?.letter ?? ""), { class: "quiet" }))));
    const shown = this.rows.indexOf(winner ?? row);
    this.drawing.hidden = false;
    this.graph.show(question, readings[shown].clauses.map(({ clause }) => clause));
    this.graph.light(readings[shown].clauses, readings[shown].answer?.letter ?? "");
    this.told.querySelector("button.primary").focus({ preventScroll: true });
    this.asked.scrollIntoView({ block: "start" });
  }

  /** Why an answer's reason holds or not: the first clause that breaks it. */
  #reason(row, { clauses }) {
    if (row.faithful) return "for a true reason: every step is an edge of the graph, and the steps are those that were asked";
    const broken = clauses.find(({ kind }) => kind === "false") ?? clauses.find(({ kind }) => kind === "unread") ?? clauses.find(({ kind }) => kind === "off_chain");
    if (clauses.length === 0) return "without a reason";
    if (!broken) return `for a reason that stops after ${clauses.length} of ${this.question.hop_len} steps`;
    const words = row.completion.slice(broken.start, broken.end).trim();
    return { false: `for a false reason: “${words}” is no edge of the graph`, unread: `for no reason that can be read: “${words}”`, off_chain: `for another reason than asked: “${words}” is an edge, but not the step that the question names` }[broken.kind];
  }

  /** What training on such winners did, from the tables. */
  #taught() {
    const { store } = this;
    const winners = this.groups.map(({ winner }) => winner).filter(Boolean);
    const pool = store.site.main_pool;
    const said = (arm) => {
      const [right, reasons] = ["accuracy", "faithful"].map((metric) => store.estimate(this.model, arm, pool, metric));
      return right && reasons ? `${estimate(right)} right letters, ${estimate(reasons)} for a true reason` : null;
    };
    const [before, after] = [store.arm.get(this.arm)?.parent ?? "", this.arm].map(said);
    const taught = before && after ? ` Trained on winners like these, the model went on ${store.poolName(pool)} from ${before}, to ${after}.` : "";
    return el("p", {}, ...explained(`Of the ${winners.length} winners stored here ${winners.filter(({ faithful }) => faithful).length} have a true reason.${taught}`));
  }

  #next() {
    this.at = (this.at + 1) % this.groups.length;
    this.#ask();
    this.asked.querySelector("button").focus({ preventScroll: true });
    this.asked.scrollIntoView({ block: "nearest" });
  }
}
