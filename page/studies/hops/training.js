// Training: the log of one run played back, row by row. Nothing here is computed but the reading of a trace while it is written.
import { keepAddress } from "../../address.js";
import { readTrace } from "./engine/reading.js";
import { aboutArm } from "../../view/about_arm.js";
import { curveNode, words } from "../../view/curve.js";
import { button, el, select, spoken, still } from "../../view/dom.js";
import { GraphView } from "./view/graph.js";
import { points } from "../../view/numbers.js";
import { RewardView } from "./view/reward.js";
import { questionCard, traceNodes } from "./view/trace.js";
import { PHASES, Player, stepsOf } from "./replay.js";

const SPEEDS = [0.5, 1, 2, 4, 16];
const FIRST = "rsft_hard";

class Training {
  constructor(panel, store, { recording }) {
    this.store = store;
    this.recording = recording;
    this.player = new Player(() => this.#draw());
    this.player.still = still();
    this.player.onEnd = () => recording && this.#next();
    this.graph = new GraphView(store);
    this.reward = new RewardView();
    this.model = store.site.models[0]?.id ?? "";
    this.arm = store.arm.has(FIRST) ? FIRST : store.armsOf(this.model)[0]?.id;
    this.seed = String(store.site.stored_seed);
    this.watched = store.site.pools.filter(({ role }) => role === "validation");
    this.controls = el("div", { class: "controls" });
    this.play = button("▶ Play", () => this.#toggle(), { class: "primary" });
    this.scrub = el("input", { type: "range", min: 0, max: 0, value: "0", step: 1, "aria-label": "Step of the log", on: { input: () => { this.player.playing = false; this.player.seek(Number(this.scrub.value)); } } });
    this.where = el("p", { class: "where" });
    this.phases = el("div", { class: "row phases" });
    this.question = el("div", {});
    this.trace = el("p", { class: "trace", data: { part: "trace" } });
    this.kept = el("p", { class: "kept" });
    this.samples = el("ol", { class: "samples", "aria-label": "Samples of this prompt" });
    this.curve = el("div", {});
    this.told = el("p", { class: "muted" });
    const to = (move) => () => { this.player.playing = false; this.player.seek(move(this.player)); };
    panel.replaceChildren(
      el("h2", { class: "spoken" }, "Training"),
      this.controls,
      el("div", { class: "player", role: "group", "aria-label": "Replay" },
        button("|◀", to(() => 0), { "aria-label": "First step", title: "First step (Home)" }),
        button("‹", to((p) => p.at - 1), { "aria-label": "Step back", title: "Step back (←)" }),
        this.play,
        button("›", to((p) => p.at + 1), { "aria-label": "Step forward", title: "Step forward (→)" }),
        button("▶|", to((p) => p.steps.length - 1), { "aria-label": "Skip to the end", title: "Last step (End)" }),
        select("Speed", SPEEDS.map((speed) => [speed, `${speed}×`]), 1, (value) => { this.player.speed = Number(value); }),
        this.scrub, this.where),
      this.phases,
      el("div", { class: "columns" },
        el("section", { class: "card", "aria-label": "What the model writes" }, this.question, this.trace, this.kept, this.reward.node, this.samples),
        el("div", { class: "stack" },
          el("section", { class: "card", "aria-label": "The question in the graph" }, this.graph.node),
          el("section", { class: "card", "aria-label": "Learning curve" }, this.curve, this.told))));
  }

  /** Go where the address says: arm, question, step; a question without a step is its first sample. */
  async visit({ model, arm, seed, question, step }) {
    if (this.store.site.models.some(({ id }) => id === model)) this.model = model;
    const known = this.store.armsOf(this.model);
    if (known.some(({ id }) => id === arm)) this.arm = arm;
    if (!known.some(({ id }) => id === this.arm)) this.arm = known[0]?.id;
    this.seed = this.#seeds().includes(seed) ? seed : this.#seeds()[0];
    await this.#load();
    const first = this.player.steps.findIndex(({ row }) => row.question?.id === question);
    this.player.seek(step ?? Math.max(first, 0));
    if (this.recording) this.player.play();
  }

  leave() {
    this.player.pause();
  }

  key(event) {
    const { player } = this;
    const to = { ArrowRight: player.at + 1, ArrowLeft: player.at - 1, Home: 0, End: player.steps.length - 1 }[event.key];
    if (to !== undefined) {
      player.playing = false;
      player.seek(to);
    } else if (event.key === " ") this.#toggle();
    else return;
    event.preventDefault();
  }

  #seeds() {
    const seeds = (this.store.arm.get(this.arm)?.seeds ?? []).map(String);
    return [...new Set([String(this.store.site.stored_seed), ...seeds])].filter((seed) => seeds.includes(seed));
  }

  #toggle() {
    if (this.player.playing) this.player.pause();
    else this.player.play();
  }

  /** In a recording, the next arm that samples. */
  async #next() {
    const arms = this.store.armsOf(this.model);
    this.arm = arms[(arms.findIndex(({ id }) => id === this.arm) + 1) % arms.length].id;
    await this.#load();
    this.player.seek(0);
    this.player.play();
  }

  #change(field, value) {
    this.player.playing = false;
    this[field] = value;
    this.visit({ model: this.model, arm: this.arm, seed: this.seed, question: "", step: 0 });
  }

  async #load() {
    const { store } = this;
    const [episodes, curves] = await Promise.all([store.episodes(this.model), store.curves(this.model)]);
    const curve = curves[this.arm]?.[this.seed];
    const stored = this.seed === String(store.site.stored_seed);
    this.player.steps = stepsOf(episodes.rollouts(this.arm), curve, episodes.evals(this.arm), stored);
    this.training = this.player.steps.filter(({ phase }) => phase === "training");
    this.scrub.max = String(Math.max(0, this.player.steps.length - 1));
    this.drawnStep = null;
    this.controls.replaceChildren(
      select("Model", store.site.models.map(({ id, title }) => [id, title]), this.model, (value) => this.#change("model", value)),
      select("Arm", store.armsOf(this.model).map(({ id, label, contaminated }) => [id, contaminated ? `${label} (contaminated)` : label]), this.arm, (value) => this.#change("arm", value)),
      select("Seed", this.#seeds().map((seed) => [seed, seed === String(store.site.stored_seed) ? `${seed} (answers stored)` : `${seed} (curve only)`]), this.seed, (value) => this.#change("seed", value)),
      el("p", { class: "about-arm" }, aboutArm(store, this.arm, "learns the facts of the graph")));
    this.phases.replaceChildren(...Object.entries(PHASES).map(([phase, name]) => {
      const first = this.player.steps.findIndex((step) => step.phase === phase);
      return button(name, () => { this.player.playing = false; this.player.seek(first); }, { class: "phase", disabled: first < 0, data: { phase } });
    }));
  }

  #draw() {
    const { player } = this;
    const { step } = player;
    this.play.textContent = player.playing ? "❚❚ Pause" : "▶ Play";
    this.scrub.value = String(player.at);
    if (!step) {
      this.where.textContent = "Nothing was logged for this run.";
      return;
    }
    const fresh = this.drawnStep !== step;
    this.drawnStep = step;
    const training = step.phase === "training";
    if (fresh) {
      this.where.textContent = `${PHASES[step.phase]}: row ${step.index + 1} of ${step.of}`;
      for (const phase of this.phases.children) phase.setAttribute("aria-pressed", String(phase.dataset.phase === step.phase));
      const upTo = training ? step.index : step.phase === "sampling" ? -1 : this.training.length - 1;
      const rows = this.training.map(({ row }) => row);
      this.curve.replaceChildren(curveNode(rows, upTo, this.watched));
      this.told.textContent = rows.length ? words(rows, upTo, this.watched) : "";
      if (!player.playing) this.#remember();
      if (!training) {
        this.question.replaceChildren(questionCard(step.row.question));
        const whole = readTrace(this.store.grader, step.row.question, step.row.completion, { done: true });
        this.graph.show(step.row.question, whole.clauses.map(({ clause }) => clause));
      }
    }
    this.trace.dataset.row = String(step.index);
    this.trace.dataset.phase = step.phase;
    if (training) this.#drawTraining(step);
    else this.#drawAnswer(step, player.shown);
  }

  #remember() {
    const { step } = this.player;
    keepAddress({ tab: "training", model: this.model, arm: this.arm, seed: this.seed === String(this.store.site.stored_seed) ? "" : this.seed, question: step.row.question?.id ?? "", step: this.player.at });
  }

  #drawTraining({ row }) {
    const text = row.loss !== undefined ? `Optimiser step ${row.step}: loss ${row.loss}` : words([row], 0, this.watched);
    this.trace.replaceChildren(text);
    this.kept.replaceChildren();
    this.samples.replaceChildren();
    this.reward.node.replaceChildren();
  }

  #drawAnswer(step, shown) {
    const { row, group } = step;
    const done = shown >= row.completion.length;
    const text = done ? row.completion : row.completion.slice(0, Math.floor(shown));
    const reading = readTrace(this.store.grader, row.question, text, { done });
    this.trace.replaceChildren(...traceNodes(text, reading));
    this.graph.light(reading.clauses, reading.answer?.letter ?? "");
    // while it is written: the engine's reading; once it is whole: the row of the log
    this.reward.show(done ? row : reading.parts, { pending: !done && !reading.answer });
    const settled = done && group && step === group.at(-1);
    if (group) this.#drawSamples(group, step, done);
    if (!group) this.kept.replaceChildren(done ? `Greedy answer of the finished arm to one of the ${this.store.poolName(row.question.pool)}.` : "");
    else if (!settled) this.kept.replaceChildren(`Sample ${group.indexOf(step) + 1} of ${group.length} for this prompt${row.round ? `, round ${row.round + 1}` : ""}.`);
    else this.kept.replaceChildren(this.#selection(group));
  }

  #selection(group) {
    const kept = group.filter(({ row }) => row.kept).length;
    return kept ? el("strong", { class: "good" }, `✔ ${kept} of ${group.length} kept to train on`) : el("strong", { class: "bad" }, `✘ All ${group.length} discarded`);
  }

  /** Every sample of the prompt; which were kept shows when the last is written. */
  #drawSamples(group, step, done) {
    const place = group.indexOf(step);
    const settled = done && place === group.length - 1;
    this.samples.replaceChildren(...group.map((other, i) => {
      const written = i < place || (i === place && done);
      const { row } = other;
      const sign = !written ? "" : row.faithful ? "✔" : row.correct ? "≈" : "✘";
      const fate = settled ? (row.kept ? " kept" : " discarded") : "";
      return el("li", { class: `sample${fate}${i === place ? " current" : ""}` },
        button(`${i + 1}`, () => { this.player.playing = false; this.player.seek(this.player.steps.indexOf(other)); }, { "aria-label": `Sample ${i + 1}${fate}`, "aria-current": i === place ? "step" : undefined }),
        el("span", { class: "number" }, written ? points(row.total) : "…"), el("span", {}, sign), fate ? spoken(fate) : null);
    }));
  }
}

export const open = (panel, store, options) => new Training(panel, store, options);
