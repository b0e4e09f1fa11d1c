// The floor plan: a puzzle, what a model wrote about it, and what is known after each line. Every line was checked in Python
// when the page was built (plans.json); nothing is graded here.
import { keepAddress } from "../../address.js";
import { button, el, put, select, spoken } from "../../view/dom.js";
import { drawFloor, othersKnown } from "./floor.js";

const KINDS = {
  any: ["all", () => true],
  faithful: ["right and faithful", ({ faithful }) => faithful],
  unfaithful: ["right but not faithful", ({ right, faithful }) => right && !faithful],
  wrong: ["not right", ({ right }) => !right],
};
const MARKS = {
  new: ["good", "✔ sound"],
  known: ["good", "✔ sound"],
  again: ["good", "✔ sound, said before"],
  unsound: ["bad", "✘ unsound"],
  right: ["good", "✔ right answer"],
  wrong: ["bad", "✘ wrong answer"],
  replaced: ["bad", "≈ replaced by a later line"],
};
const MOST = 300; // characters of a line that are looked at
const letter = (number) => String.fromCharCode(65 + number);
const count = (number, word) => `${number} ${word}${number === 1 ? "" : "s"}`;

class Plan {
  constructor(panel, store) {
    this.store = store;
    this.model = store.site.models[0]?.id ?? "";
    this.kind = "any";
    this.at = 0;
    this.controls = el("div", { class: "controls" });
    this.list = el("div", {});
    this.where = el("output", { class: "where" });
    this.clues = el("ol", { class: "clues" });
    this.asked = el("ol", { class: "asked" });
    this.about = el("p", { class: "muted" });
    this.prompt = el("p", { class: "written" });
    this.bar = el("input", { type: "range", min: 0, "aria-label": "Line", on: { input: () => this.#show(Number(this.bar.value)) } });
    this.back = button("‹ Line back", () => this.#show(this.at - 1));
    this.next = button("Next line ›", () => this.#show(this.at + 1), { class: "primary" });
    this.whose = button("Step through the solver's own lines", () => this.#swap(), { class: "quiet" });
    this.told = el("output", { class: "told-line", data: { part: "told" } });
    this.floor = el("div", { class: "floor", data: { part: "floor" } });
    this.others = el("dl", { class: "facts", data: { part: "others" } });
    this.found = el("progress", { max: 100, "aria-label": "Found out" });
    this.share = el("span", { data: { part: "share" } });
    this.lines = el("ol", { class: "lines" });
    this.title = el("h3", {});
    this.own = el("ol", { class: "own" });
    this.ownTitle = el("summary", {});
    this.verdict = el("div", { class: "outcome", data: { part: "verdict" } });
    panel.replaceChildren(
      el("h2", { class: "spoken" }, "The floor plan"), this.controls,
      el("div", { class: "player", role: "group", "aria-label": "Puzzle" },
        button("‹ Previous", () => this.#move(-1)), button("Next ›", () => this.#move(1)), this.list, this.where),
      el("div", { class: "puzzle" },
        el("section", { class: "card", "aria-label": "The puzzle" },
          el("h3", {}, "The clues"), this.clues, el("h3", {}, "The questions"), this.asked, this.about,
          el("details", {}, el("summary", {}, "The puzzle as the model read it"), this.prompt)),
        el("div", { class: "stack stays" },
          el("section", { class: "card", "aria-label": "What is known" },
            el("div", { class: "player", role: "group", "aria-label": "Lines" }, this.back, this.next, this.bar), this.told,
            el("p", { class: "found" }, this.found, " ", this.share), this.floor, this.others,
            el("p", { class: "muted" }, "Only what sound lines have said stands here. Round: suspects. Square: weapons. Dashed: whoever has a role. Struck: not there. The bar moves with what clues rule out; the rules are known from the start.")),
          el("section", { class: "card", "aria-label": "What came of it" }, el("h3", {}, "What came of it"), this.verdict)),
        el("section", { class: "card", "aria-label": "The lines" }, this.title, this.whose, this.lines,
          el("details", {}, this.ownTitle, this.own))));
  }

  async visit({ model, arm, question, step }) {
    const { store } = this;
    this.plans ??= await store.file("plans.json");
    if (this.plans.of[model]) this.model = model;
    this.model = this.plans.of[this.model] ? this.model : Object.keys(this.plans.of)[0];
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
    return this.store.armsOf(this.model).filter(({ id }) => this.plans.of[this.model]?.[id]);
  }

  /** The puzzle of a question, and what came of the arm's answer to it. */
  #place(question) {
    const { plans } = this;
    const [puzzle, run] = plans.of[this.model][this.arm][`${question.pool}/${question.id}`];
    return { puzzle: plans.puzzles[puzzle], run, outcome: this.#outcome(run) };
  }

  #outcome(run) {
    const { answers, outcome, outcomes, runs } = this.plans;
    const found = this.#row(outcome, outcomes[runs[run][2]]);
    return { ...found, answers: answers[found.answers] };
  }

  /** A row of a table as an object with the names of its columns. */
  #row(names, values) {
    return Object.fromEntries(names.map((name, i) => [name, values[i]]));
  }

  #refresh() {
    const { store } = this;
    const arms = this.#arms();
    if (!arms.some(({ id }) => id === this.arm)) this.arm = (arms.find(({ id }) => id === "sft") ?? arms[0])?.id;
    this.answers = new Map(this.arm ? this.episodes.evals(this.arm).map((answer) => [answer.question, answer]) : []);
    const asked = [...this.answers.keys()];
    const pools = [...new Set(asked.map(({ pool }) => pool))];
    if (!pools.includes(this.pool)) this.pool = pools[0];
    this.shown = asked.filter((one) => one.pool === this.pool && KINDS[this.kind][1](this.#place(one).outcome));
    if (!this.shown.includes(this.now)) Object.assign(this, { now: this.shown[0], at: 0 });
    const set = (field) => (value) => { this[field] = value; this.at = 0; this.#refresh(); };
    this.controls.replaceChildren(
      select("Model", store.site.models.filter(({ id }) => this.plans.of[id]).map(({ id, title }) => [id, title]), this.model, (model) => this.visit({ model })),
      select("Arm", arms.map(({ id, label, contaminated }) => [id, contaminated ? `${label} (contaminated)` : label]), this.arm, set("arm")),
      select("Puzzles", pools.map((pool) => [pool, store.poolName(pool)]), this.pool, set("pool")),
      select("Answers that are", Object.entries(KINDS).map(([kind, [name]]) => [kind, name]), this.kind, set("kind")));
    this.list.replaceChildren(select("Puzzle", this.shown.map(({ id }, i) => [i, id]), this.shown.indexOf(this.now), (i) => this.#go(this.shown[Number(i)])));
    this.#draw();
  }

  #move(by) {
    const next = this.shown[this.shown.indexOf(this.now) + by];
    if (!next) return;
    this.list.querySelector("select").value = String(this.shown.indexOf(next));
    this.#go(next);
  }

  #go(question) {
    Object.assign(this, { now: question, at: 0 });
    this.#draw();
  }

  #swap() {
    Object.assign(this, { solver: !this.solver, at: 0 });
    this.#draw();
  }

  /** Lines that were looked at, each with its text, what it says, and how much is found out after it. */
  #read(run, texts) {
    const { fact, facts, words, runs, step, steps } = this.plans;
    const [made, found] = runs[run];
    const shares = found.values();
    let share = 0;
    return made.map((number, i) => {
      const line = this.#row(step, steps[number]);
      if (line.kind === "new") share = shares.next().value;
      const told = line.quoted ? words[line.words].replace("{}", () => texts[i].slice(...line.quoted)) : words[line.words];
      return { ...line, text: texts[i], found: share, words: told, fact: line.fact < 0 ? null : this.#row(fact, facts[line.fact]) };
    }).filter(({ kind }) => kind in MARKS);
  }

  #draw() {
    const { now, store } = this;
    this.where.textContent = now ? `${this.shown.indexOf(now) + 1} of ${count(this.shown.length, "stored puzzle")}` : "No stored answer is like that.";
    this.puzzle = null;
    this.steps = [];
    if (now) {
      const { puzzle, run, outcome } = this.#place(now);
      this.puzzle = puzzle;
      this.steps = this.solver ? this.#read(puzzle.run, puzzle.own) : this.#read(run, this.answers.get(now).completion.split("\n"));
      this.outcome = this.solver ? this.#outcome(puzzle.run) : outcome;
    }
    this.about.textContent = now ? `${store.poolName(now.pool)}. ${this.puzzle.spoilt ? "The key of this puzzle is wrong on purpose. " : ""}Written by seed ${store.site.stored_seed}.` : "";
    this.prompt.textContent = now?.prompt ?? "";
    this.title.textContent = this.solver ? "The solver's own lines" : "What the model wrote";
    this.whose.textContent = this.solver ? "Step through what the model wrote" : "Step through the solver's own lines";
    this.bar.max = String(this.#last());
    this.clueRows = (this.puzzle?.clues ?? []).map((clue) => el("li", {}, el("span", { class: "clue" }, clue), el("span", { class: "used-mark" })));
    put(this.clues, this.clueRows);
    put(this.asked, (this.puzzle?.questions ?? []).map((text) => el("li", {}, text)));
    put(this.own, (this.puzzle?.own ?? []).map((text) => el("li", {}, text)));
    this.ownTitle.textContent = `The solver's own reasons (${count(this.puzzle?.own.length ?? 0, "line")})`;
    this.rows = this.steps.map((line, i) => el("li", {},
      button(this.#cut(line.text), () => this.#show(i + 1), { class: "line" }),
      el("span", { class: "mark-line" }, el("strong", { class: MARKS[line.kind][0] }, MARKS[line.kind][1]), ` ${this.#why(line)}`)));
    put(this.lines, this.rows);
    if (now && !this.rows.length) put(this.lines, el("li", {}, "(nothing)"));
    this.#show(this.at);
  }

  #cut(text) {
    return text.length > MOST ? `${text.slice(0, MOST)}…` : text;
  }

  #why({ asked, words }) {
    return asked >= 0 ? `${letter(asked)}: ${words}` : words;
  }

  /** One more than the lines: there it is told what came of them. */
  #last() {
    return this.puzzle ? this.steps.length + 1 : 0;
  }

  /** Show what is known after `at` lines. */
  #show(at) {
    const last = this.#last();
    this.at = Math.max(0, Math.min(at, last));
    const end = this.puzzle && this.at === last;
    const now = end ? undefined : this.steps[this.at - 1];
    const passed = this.steps.slice(0, this.at);
    this.bar.value = String(this.at);
    this.bar.setAttribute("aria-valuetext", end ? "the end" : `line ${this.at} of ${last - 1}`);
    this.back.disabled = this.at === 0;
    this.next.disabled = this.at === last;
    put(this.told, !this.puzzle ? "" : end ? "The end." : now
      ? [`Line ${this.at} of ${last - 1}: `, el("code", {}, this.#cut(now.text)), " ", el("strong", { class: MARKS[now.kind][0] }, MARKS[now.kind][1]), ` ${this.#why(now)}`]
      : "Before the first line.");
    this.rows.forEach((row, i) => {
      row.className = this.steps[i] === now ? "reached current" : i < this.at ? "reached" : "";
      row.querySelector("button").setAttribute("aria-pressed", String(this.steps[i] === now));
      row.querySelector(".mark-line").hidden = i >= this.at;
    });
    this.#cross(passed, now);
    const share = passed.at(-1)?.found ?? 0;
    this.found.value = share;
    this.share.textContent = `${share} % is found out`;
    if (this.puzzle) {
      const known = passed.map(({ fact }) => fact).filter(Boolean);
      put(this.floor, drawFloor(this.puzzle, known, now?.fact));
      put(this.others, othersKnown(known, now?.fact));
    } else {
      put(this.floor);
      put(this.others);
    }
    put(this.verdict, end ? this.#told() : el("p", { class: "muted" }, "This stands at the end of the lines."));
    if (this.now) keepAddress({ tab: "plan", model: this.model, arm: this.arm, question: this.now.id, step: this.at });
  }

  /** Mark the clues that this line names, and cross off those that a sound line has used. */
  #cross(passed, now) {
    const used = new Set(passed.filter(({ fact }) => fact).flatMap(({ cited }) => cited));
    this.clueRows.forEach((row, i) => {
      const named = now?.cited.includes(i + 1);
      row.className = `${used.has(i + 1) ? "used" : ""} ${named ? "named" : ""}`.trim();
      row.querySelector(".used-mark").textContent = [used.has(i + 1) ? " ✓ used" : "", named ? " ◂ this line names it" : ""].join("");
    });
  }

  #told() {
    const { outcome, puzzle } = this;
    const { answers, stated, sound, gives, right, faithful } = outcome;
    const why = [];
    if (!right) why.push(answers.some(([name]) => name === null) ? "A question has no answer that can be read, or a wrong one." : "An answer is not right.");
    if (sound < stated) why.push(`${count(stated - sound, "line")} of ${stated} ${stated - sound === 1 ? "is" : "are"} unsound.`);
    if (right && !gives) why.push(stated ? "The sound lines alone do not give the answers." : "There are no reasons.");
    return [
      el("div", { class: "wide" }, el("table", { class: "scores" },
        el("caption", { class: "spoken" }, "Answers and the right ones"),
        el("thead", {}, el("tr", {}, ["", "answer", "right one", ""].map((name) => (name ? el("th", { scope: "col" }, name) : el("td", {}))))),
        el("tbody", {}, answers.map(([name, good], i) => el("tr", {},
          el("th", { scope: "row" }, letter(i), spoken(` ${puzzle.questions[i]}`)), el("td", {}, name ?? "(none)"), el("td", {}, puzzle.key[i]),
          el("td", {}, el("span", { class: good ? "good" : "bad" }, good ? "✔ right" : "✘ wrong"))))))),
      el("p", {}, el("strong", { class: faithful ? "good" : "bad" }, faithful ? "✔ faithful" : right ? "≈ right, not faithful" : "✘ not right"),
        faithful ? ` Every answer is right, all ${stated} lines are sound, and they alone give the answers.` : ` ${why.join(" ")}`),
    ];
  }
}

export const open = (panel, store) => new Plan(panel, store);
