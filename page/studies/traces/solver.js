// The solver: a problem, the trace that a model wrote, and its run, step by step. Runs are those that the solver in Python
// recorded when the page was built (runs.json); nothing is computed here.
import { button, el, put, spoken } from "../../view/dom.js";
import { Walk } from "../../view/walk.js";

const KINDS = {
  any: ["all", () => true],
  sound: ["right and sound", ({ sound }) => sound],
  unsound: ["right but not sound", ({ right, sound }) => right && !sound],
  wrong: ["run to a wrong answer", ({ reward }) => reward === 0.7],
  stopped: ["without an answer", ({ reward }) => reward < 0.7],
};
const GRADES = {
  0: "The text is no trace, or a step has no known form.",
  0.3: "The trace names other experts than the problem asks for.",
  0.5: "The run has no answer.",
  0.7: "The trace ran to a wrong answer.",
  1: "The trace ran to the right answer.",
};
const MARKS = {
  unused: "nothing uses this step",
  idle: "this step changes nothing",
  "invented number": "a number that the problem does not have",
  "another operation": "an operation that the solution does not have",
  "stops here": "the run stops here",
};
const WHY = {
  "unused step": "a step is not used",
  "strange number": "a number is not the problem's",
  "number left out": "a number that the solution needs is left out",
  "idle step": "a step changes nothing, or nothing is computed",
};

class Solver extends Walk {
  constructor(panel, store) {
    super(store, { tab: "solver", file: "runs.json", thing: "problem", answer: "trace", step: "step" }, KINDS);
    this.question = el("p", { class: "problem-text", data: { part: "question" } });
    this.about = el("p", { class: "muted" });
    this.told = el("output", { class: "where", data: { part: "told" } });
    this.state = el("table", { class: "state" });
    this.steps = el("ol", { class: "program" });
    this.verdict = el("div", { class: "outcome", data: { part: "verdict" } });
    panel.replaceChildren(
      el("h2", { class: "spoken" }, "The solver"), this.controls, this.picker,
      el("div", { class: "columns even" },
        el("div", { class: "stack" },
          el("section", { class: "card", "aria-label": "The problem" }, this.question, this.about),
          el("section", { class: "card", "aria-label": "Values" }, el("h3", {}, "Values"), this.state),
          el("section", { class: "card", "aria-label": "What it earned" }, el("h3", {}, "What it earned"), this.verdict)),
        el("section", { class: "card", "aria-label": "The trace" },
          el("h3", {}, "The trace that the model wrote"),
          el("div", { class: "player", role: "group", "aria-label": "Run" }, this.back, this.next, this.bar, this.told), this.steps)));
  }

  outcome(question) {
    const { runs, questions, step, steps, outcomes } = this.records;
    const [asked, made, outcome, answer] = runs[this.recorded(question)];
    return { ...questions[asked], ...outcomes[outcome], question: questions[asked].text, steps: made.map((one) => Object.fromEntries(step.map((name, i) => [name, steps[one][i]]))), answer };
  }

  draw() {
    const { now, store } = this;
    this.run = now ? this.outcome(now) : null;
    this.about.textContent = now ? `${store.poolName(now.pool)}, ${store.site.study.level_name} ${now.level}. The answer is ${this.run.key}. Written by seed ${store.site.stored_seed}.` : "";
    const steps = this.run?.steps ?? [];
    this.rows = steps.map((step, i) => el("li", { data: { step: i } },
      step.part !== steps[i - 1]?.part ? el("span", { class: "expert" }, `expert ${step.expert}`) : null,
      button(step.text.replace(/^\{|\}$/g, ""), () => this.show(i + 1), { class: "step" }),
      step.marks.map((mark) => el("span", { class: "flaw" }, `✘ ${MARKS[mark] ?? mark}`))));
    put(this.steps, this.rows);
    if (this.run && !steps.length) put(this.steps, el("li", { class: "plain" }, this.answers.get(now).completion || "(nothing)"));
    this.show(this.at);
  }

  /** One more than the steps that the solver reached: there the grade is told. */
  last() {
    const steps = this.run?.steps ?? [];
    const stop = steps.findIndex(({ marks }) => marks.includes("stops here"));
    return (stop >= 0 ? stop + 1 : steps.filter(({ ran }) => ran).length) + (this.run ? 1 : 0);
  }

  /** Show the run after `at` steps. */
  show(at) {
    const { run } = this;
    this.step(at);
    const last = this.last();
    const done = run && this.at === last;
    const now = done ? undefined : run?.steps[this.at - 1];
    this.told.textContent = !run ? "" : done ? "The end" : this.at ? `Step ${this.at} of ${last - 1}` : "Before the first step";
    this.rows.forEach((row, i) => {
      const reached = i < this.at;
      row.className = run.steps[i] === now ? "reached current" : reached ? "reached" : "";
      row.querySelector("button").setAttribute("aria-pressed", String(run.steps[i] === now));
      for (const mark of row.querySelectorAll(".flaw")) mark.hidden = !reached;
    });
    this.#write(now);
    this.#values(now);
    put(this.verdict, done ? this.#grade() : el("p", { class: "muted" }, "The grade stands at the end of the run."));
  }

  /** The problem, with the numbers marked that the step takes from it. */
  #write(step) {
    const text = this.run?.question ?? "";
    const nodes = [];
    let from = 0;
    const spans = (step?.numbers ?? []).flatMap((number) => this.run.places[number] ?? []).sort((a, b) => a[0] - b[0]);
    for (const [start, end] of spans) {
      if (start < from) continue;
      nodes.push(text.slice(from, start), el("mark", {}, text.slice(start, end)));
      from = end;
    }
    put(this.question, [...nodes, text.slice(from)]);
  }

  #values(now) {
    const { run } = this;
    const steps = (run?.steps ?? []).slice(0, this.at);
    const part = steps.at(-1)?.part ?? 0;
    const values = new Map(steps.filter((step) => step.part === part).flatMap(({ changes }) => changes));
    const changed = new Map(now?.changes ?? []);
    put(this.state, el("caption", { class: "spoken" }, "Values after this step"),
      el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "name"), el("th", { scope: "col" }, "value"))),
      el("tbody", {}, [...values].map(([name, value]) => el("tr", { class: changed.has(name) ? "changed" : "" },
        el("th", { scope: "row" }, name), el("td", {}, value, changed.has(name) ? spoken(" (new)") : null)))));
  }

  #grade() {
    const { run } = this;
    const why = [run.fault, ...run.complaints.map((one) => WHY[one] ?? one), ...run.failures].filter(Boolean);
    const word = run.sound ? "✔ right and sound" : run.right ? "≈ right, not sound" : run.reward === 0.7 ? "✘ wrong" : "✘ no right run";
    return [
      el("p", {}, el("strong", { class: run.sound ? "good" : "bad" }, word), ` It earns ${run.reward} of 1.`),
      el("p", {}, GRADES[run.reward] ?? ""),
      run.answer === null ? null : el("p", {}, `Its answer is ${run.answer}; the right one is ${run.key}.`),
      why.length ? el("ul", {}, [...new Set(why)].map((one) => el("li", {}, one))) : null,
    ];
  }
}

export const open = (panel, store) => new Solver(panel, store);
