// The floor plan: a puzzle, what a model wrote about it, and what is known after each line. Every line was checked in Python
// when the page was built (plans.json); nothing is graded here.
import { button, el, put, spoken } from "../../view/dom.js";
import { count } from "../../view/numbers.js";
import { Walk } from "../../view/walk.js";
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

class Plan extends Walk {
  constructor(panel, store) {
    super(store, { tab: "plan", file: "plans.json", thing: "puzzle", answer: "answer", step: "line" }, KINDS);
    this.clues = el("ol", { class: "clues" });
    this.asked = el("ol", { class: "asked" });
    this.about = el("p", { class: "muted" });
    this.prompt = el("p", { class: "written" });
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
      el("h2", { class: "spoken" }, "The floor plan"), this.controls, this.picker,
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

  outcome(question) {
    return this.#outcome(this.recorded(question)[1]);
  }

  #outcome(run) {
    const { answers, outcome, outcomes, runs } = this.records;
    const found = this.#row(outcome, outcomes[runs[run][2]]);
    return { ...found, answers: answers[found.answers] };
  }

  /** A row of a table as an object with the names of its columns. */
  #row(names, values) {
    return Object.fromEntries(names.map((name, i) => [name, values[i]]));
  }

  #swap() {
    Object.assign(this, { solver: !this.solver, at: 0 });
    this.draw();
  }

  /** Lines that were looked at, each with its text, what it says, and how much is found out after it. */
  #read(run, texts) {
    const { fact, facts, words, runs, step, steps } = this.records;
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

  draw() {
    const { now, store } = this;
    this.puzzle = null;
    this.steps = [];
    if (now) {
      const [number, run] = this.recorded(now);
      const puzzle = this.records.puzzles[number];
      this.puzzle = puzzle;
      this.steps = this.solver ? this.#read(puzzle.run, puzzle.own) : this.#read(run, this.answers.get(now).completion.split("\n"));
      this.came = this.#outcome(this.solver ? puzzle.run : run);
    }
    this.about.textContent = now ? `${store.poolName(now.pool)}. ${this.puzzle.spoilt ? "The key of this puzzle is wrong on purpose. " : ""}Written by seed ${store.site.stored_seed}.` : "";
    this.prompt.textContent = now?.prompt ?? "";
    this.title.textContent = this.solver ? "The solver's own lines" : "What the model wrote";
    this.whose.textContent = this.solver ? "Step through what the model wrote" : "Step through the solver's own lines";
    this.clueRows = (this.puzzle?.clues ?? []).map((clue) => el("li", {}, el("span", { class: "clue" }, clue), el("span", { class: "used-mark" })));
    put(this.clues, this.clueRows);
    put(this.asked, (this.puzzle?.questions ?? []).map((text) => el("li", {}, text)));
    put(this.own, (this.puzzle?.own ?? []).map((text) => el("li", {}, text)));
    this.ownTitle.textContent = `The solver's own reasons (${count(this.puzzle?.own.length ?? 0, "line")})`;
    this.rows = this.steps.map((line, i) => el("li", {},
      button(this.#cut(line.text), () => this.show(i + 1), { class: "line" }),
      el("span", { class: "mark-line" }, el("strong", { class: MARKS[line.kind][0] }, MARKS[line.kind][1]), ` ${this.#why(line)}`)));
    put(this.lines, this.rows);
    if (now && !this.rows.length) put(this.lines, el("li", {}, "(nothing)"));
    this.show(this.at);
  }

  #cut(text) {
    return text.length > MOST ? `${text.slice(0, MOST)}…` : text;
  }

  #why({ asked, words }) {
    return asked >= 0 ? `${letter(asked)}: ${words}` : words;
  }

  /** One more than the lines: there it is told what came of them. */
  last() {
    return this.puzzle ? this.steps.length + 1 : 0;
  }

  /** Show what is known after `at` lines. */
  show(at) {
    this.step(at);
    const last = this.last();
    const end = this.puzzle && this.at === last;
    const now = end ? undefined : this.steps[this.at - 1];
    const passed = this.steps.slice(0, this.at);
    this.bar.setAttribute("aria-valuetext", end ? "the end" : `line ${this.at} of ${last - 1}`);
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
    const { puzzle } = this;
    const { answers, stated, sound, gives, right, faithful } = this.came;
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
