// The solver: a problem, the trace that a model wrote, and its run, step by step. Runs are those that the solver in Python
// recorded when the page was built (runs.json); nothing is computed here.
import { keepAddress } from "../../address.js";
import { button, el, put, select, spoken } from "../../view/dom.js";

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

class Solver {
  constructor(panel, store) {
    this.store = store;
    this.model = store.site.models[0]?.id ?? "";
    this.kind = "any";
    this.at = 0;
    this.controls = el("div", { class: "controls" });
    this.list = el("div", {});
    this.where = el("output", { class: "where" });
    this.question = el("p", { class: "problem-text", data: { part: "question" } });
    this.about = el("p", { class: "muted" });
    this.bar = el("input", { type: "range", min: 0, "aria-label": "Step", on: { input: () => this.#show(Number(this.bar.value)) } });
    this.told = el("output", { class: "where", data: { part: "told" } });
    this.back = button("‹ Step back", () => this.#show(this.at - 1));
    this.next = button("Next step ›", () => this.#show(this.at + 1), { class: "primary" });
    this.state = el("table", { class: "state" });
    this.steps = el("ol", { class: "program" });
    this.verdict = el("div", { class: "outcome", data: { part: "verdict" } });
    panel.replaceChildren(
      el("h2", { class: "spoken" }, "The solver"), this.controls,
      el("div", { class: "player", role: "group", "aria-label": "Problem" },
        button("‹ Previous", () => this.#move(-1)), button("Next ›", () => this.#move(1)), this.list, this.where),
      el("div", { class: "columns even" },
        el("div", { class: "stack" },
          el("section", { class: "card", "aria-label": "The problem" }, this.question, this.about),
          el("section", { class: "card", "aria-label": "Values" }, el("h3", {}, "Values"), this.state),
          el("section", { class: "card", "aria-label": "What it earned" }, el("h3", {}, "What it earned"), this.verdict)),
        el("section", { class: "card", "aria-label": "The trace" },
          el("h3", {}, "The trace that the model wrote"),
          el("div", { class: "player", role: "group", "aria-label": "Run" }, this.back, this.next, this.bar, this.told), this.steps)));
  }

  async visit({ model, arm, question, step }) {
    const { store } = this;
    this.runs ??= await store.file("runs.json");
    if (this.runs.of[model]) this.model = model;
    this.model = this.runs.of[this.model] ? this.model : Object.keys(this.runs.of)[0];
    if (this.#arms().some(({ id }) => id === arm)) this.arm = arm;
    this.episodes = await store.episodes(this.model);
    const wanted = question && store.questions.find(({ id, pool }) => id === question || pool === question);
    if (wanted) Object.assign(this, { now: wanted, pool: wanted.pool, kind: "any" });
    this.at = step ?? 0;
    this.#refresh();
  }

  key(event) {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (by === undefined) return;
    this.#show(this.at + by);
    event.preventDefault();
  }

  #arms() {
    return this.store.armsOf(this.model).filter(({ id }) => this.runs.of[this.model]?.[id]);
  }

  #run(question) {
    const { runs, of, questions, step, steps, outcomes } = this.runs;
    const [asked, made, outcome, answer] = runs[of[this.model][this.arm][`${question.pool}/${question.id}`]];
    return { ...questions[asked], ...outcomes[outcome], question: questions[asked].text, steps: made.map((one) => Object.fromEntries(step.map((name, i) => [name, steps[one][i]]))), answer };
  }

  #refresh() {
    const { store } = this;
    const arms = this.#arms();
    if (!arms.some(({ id }) => id === this.arm)) this.arm = (arms.find(({ id }) => id === "sft") ?? arms[0])?.id;
    this.answers = new Map(this.arm ? this.episodes.evals(this.arm).map((answer) => [answer.question, answer]) : []);
    const asked = [...this.answers.keys()];
    const pools = [...new Set(asked.map(({ pool }) => pool))];
    if (!pools.includes(this.pool)) this.pool = pools[0];
    this.found = asked.filter((one) => one.pool === this.pool && KINDS[this.kind][1](this.#run(one)));
    if (!this.found.includes(this.now)) Object.assign(this, { now: this.found[0], at: 0 });
    const set = (field) => (value) => { this[field] = value; this.at = 0; this.#refresh(); };
    this.controls.replaceChildren(
      select("Model", store.site.models.filter(({ id }) => this.runs.of[id]).map(({ id, title }) => [id, title]), this.model, (model) => this.visit({ model })),
      select("Arm", arms.map(({ id, label }) => [id, label]), this.arm, set("arm")),
      select("Problems", pools.map((pool) => [pool, store.poolName(pool)]), this.pool, set("pool")),
      select("Traces that are", Object.entries(KINDS).map(([kind, [name]]) => [kind, name]), this.kind, set("kind")));
    this.list.replaceChildren(select("Problem", this.found.map(({ id }, i) => [i, id]), this.found.indexOf(this.now), (i) => this.#go(this.found[Number(i)])));
    this.#draw();
  }

  #move(by) {
    const next = this.found[this.found.indexOf(this.now) + by];
    if (!next) return;
    this.list.querySelector("select").value = String(this.found.indexOf(next));
    this.#go(next);
  }

  #go(question) {
    Object.assign(this, { now: question, at: 0 });
    this.#draw();
  }

  #draw() {
    const { now, store } = this;
    this.where.textContent = now ? `${this.found.indexOf(now) + 1} of ${this.found.length} stored problems` : "No stored trace is like that.";
    this.run = now ? this.#run(now) : null;
    this.about.textContent = now ? `${store.poolName(now.pool)}, ${store.site.study.level_name} ${now.level}. The answer is ${this.run.key}. Written by seed ${store.site.stored_seed}.` : "";
    const steps = this.run?.steps ?? [];
    this.bar.max = String(this.#last());
    this.rows = steps.map((step, i) => el("li", { data: { step: i } },
      step.part !== steps[i - 1]?.part ? el("span", { class: "expert" }, `expert ${step.expert}`) : null,
      button(step.text.replace(/^\{|\}$/g, ""), () => this.#show(i + 1), { class: "step" }),
      step.marks.map((mark) => el("span", { class: "flaw" }, `✘ ${MARKS[mark] ?? mark}`))));
    put(this.steps, this.rows);
    if (this.run && !steps.length) put(this.steps, el("li", { class: "plain" }, this.answers.get(now).completion || "(nothing)"));
    this.#show(this.at);
  }

  /** One more than the steps that the solver reached: there the grade is told. */
  #last() {
    const steps = this.run?.steps ?? [];
    const stop = steps.findIndex(({ marks }) => marks.includes("stops here"));
    return (stop >= 0 ? stop + 1 : steps.filter(({ ran }) => ran).length) + (this.run ? 1 : 0);
  }

  /** Show the run after `at` steps. */
  #show(at) {
    const { run } = this;
    const last = this.#last();
    this.at = Math.max(0, Math.min(at, last));
    this.bar.value = String(this.at);
    this.back.disabled = this.at === 0;
    this.next.disabled = this.at === last;
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
    put(this.verdict, done ? this.#outcome() : el("p", { class: "muted" }, "The grade stands at the end of the run."));
    if (this.now) keepAddress({ tab: "solver", model: this.model, arm: this.arm, question: this.now.id, step: this.at });
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

  #outcome() {
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
