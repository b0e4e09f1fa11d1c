// Try It: a trained model writes in this page, token by token, while the graph checks what it says.
import { keepAddress } from "../../address.js";
import { Engine } from "../../engine/client.js";
import { chooseWinners } from "./engine/grader.js";
import { button, el, put, select, still } from "../../view/dom.js";
import { GraphView } from "./view/graph.js";
import { megabytes } from "../../view/numbers.js";
import { questionCard } from "./view/trace.js";
import { Composer } from "./compose.js";
import { SampleCard } from "./sample.js";

const MOST_TOKENS = 64; // max_new_tokens of the workflow's own evaluation
const MOST_SAMPLES = 16;
const FIRST = ["rsft_hard", "sft"];

class Try {
  constructor(panel, store, { recording }) {
    this.store = store;
    this.recording = recording;
    this.models = store.site.trained_models;
    this.graph = new GraphView(store);
    if (this.models.length === 0) {
      panel.replaceChildren(el("h2", {}, "Try It"), el("p", { class: "problem" },
        "No trained model lies beside this page: neither run folders nor released weights were there when it was built. Train the runs (make paper) and build the page again; the other tabs need no model."));
      this.visit = () => {};
      return;
    }
    this.chosen = [FIRST.map((arm) => this.models.find((row) => row.arm === arm)).find(Boolean) ?? this.models[0]];
    this.loaded = new Map(); // url -> promise of the engine's `ready`
    this.runs = [];
    this.composer = new Composer(store, (question) => this.#take(question));
    this.arms = el("div", { class: "controls" });
    this.notice = el("p", { role: "status", class: "muted" }); // what was asked for and cannot be had
    this.status = el("div", { role: "status", class: "loading" });
    this.question = el("div", {});
    this.cards = el("div", { class: "stack" });
    this.samples = el("input", { type: "number", min: 1, max: MOST_SAMPLES, value: "1" });
    this.temperature = el("input", { type: "number", min: 0, max: 2, step: 0.1, value: "0" });
    this.seed = el("input", { type: "number", min: 0, step: 1, value: "1" });
    this.write = button("Write", () => this.run(), { class: "primary" });
    this.stop = button("Stop", () => this.#stop(), { disabled: true });
    const field = (name, input) => el("label", { class: "field" }, el("span", {}, name), input);
    panel.replaceChildren(
      el("h2", { class: "spoken" }, "Try It"),
      this.composer.node, this.arms,
      el("div", { class: "player", role: "group", "aria-label": "Sampling" },
        field("Samples K", this.samples), field("Temperature", this.temperature), field("Seed", this.seed),
        button("Greedy", () => this.#preset(1, 0), { class: "quiet" }), button("Rejection sampling (K = 8, T = 1)", () => this.#preset(8, 1), { class: "quiet" }),
        this.write, this.stop),
      this.notice, this.status,
      el("div", { class: "columns even" },
        el("div", { class: "stack" }, el("section", { class: "card", "aria-label": "Question" }, this.question), this.cards),
        el("section", { class: "card stays", "aria-label": "The question in the graph" }, this.graph.node)));
    this.#drawArms();
  }

  visit({ model, arm, question }) {
    const wanted = this.models.find((row) => row.model === model && row.arm === arm);
    if (wanted) {
      this.chosen[0] = wanted;
      this.#drawArms();
    }
    const stored = question && this.store.find(question);
    if (stored || !this.asked) this.composer.open(stored || null);
    if (this.recording) this.#preset(8, 1);
  }

  leave() {
    this.#stop();
  }

  #preset(samples, temperature) {
    this.samples.value = String(samples);
    this.temperature.value = String(temperature);
    this.run();
  }

  #drawArms() {
    const options = [...new Set(this.models.map(({ title }) => title))].map((title) => ({
      group: title, options: this.models.filter((row) => row.title === title).map((row) => [row.url, row.contaminated ? `${row.label} (contaminated)` : row.label]),
    }));
    const pick = (i) => (url) => {
      this.chosen[i] = this.models.find((row) => row.url === url);
      this.#drawArms();
      if (this.asked) this.#remember();
    };
    put(this.arms,
      ...this.chosen.map((row, i) => select(i ? "and" : "Model and arm", options, row.url, pick(i))),
      this.chosen.length < 3 ? button("+ compare another", () => { this.chosen.push(this.models.find((row) => !this.chosen.includes(row)) ?? this.models[0]); this.#drawArms(); }, { class: "quiet" }) : null,
      this.chosen.length > 1 ? button("− remove", () => { this.chosen.pop(); this.#drawArms(); }, { class: "quiet" }) : null);
  }

  #remember() {
    keepAddress({ tab: "try", model: this.chosen[0].model, arm: this.chosen[0].arm, question: this.asked.pool === "composed" ? "" : this.asked.id });
  }

  #take(question) {
    this.#stop();
    this.asked = question;
    this.question.replaceChildren(questionCard(question));
    this.graph.show(question);
    this.cards.replaceChildren();
    this.#remember();
  }

  #stop() {
    for (const run of this.runs) run.cancel();
  }

  /** Loads a model once; a bar shows how far. */
  #load(row) {
    this.engine ??= new Engine();
    if (!this.loaded.has(row.url)) {
      const bar = el("progress", { max: row.bytes, value: 0, "aria-label": `Loading ${row.label}` });
      const text = el("span", {}, `${row.label}: ${megabytes(row.bytes)}`);
      const line = el("p", { class: "row" }, bar, text);
      this.status.append(line);
      const loading = this.engine.load(row.url, {
        sha256: row.sha256, tokenizer: row.tokenizer,
        onProgress: ({ received, cached }) => { bar.value = received; if (cached) text.textContent = `${row.label}: from the cache`; },
      });
      this.loaded.set(row.url, loading);
      loading.then(() => line.remove(), (error) => {
        this.loaded.delete(row.url);
        line.replaceChildren(el("span", { class: "problem" }, error.message));
      });
    }
    return this.loaded.get(row.url);
  }

  /** Ask every chosen arm the question. Resolves when all have answered. */
  async run() {
    this.#stop();
    if (!this.asked) return;
    this.status.replaceChildren();
    const pressed = document.activeElement === this.write; // a button loses its focus while it is disabled
    this.write.disabled = true;
    this.stop.disabled = false;
    const settings = this.#settings();
    const round = this.round = {};
    const rows = [...new Set(this.chosen)];
    const groups = rows.map((row) => this.#group(row, settings));
    this.cards.replaceChildren(...groups.map(({ node }) => node));
    this.#bring(this.cards);
    try {
      for (const group of groups) {
        await this.#generate(group, settings, round);
        if (this.round !== round) return;
      }
    } catch (error) {
      this.status.append(el("p", { class: "problem" }, error.message));
    } finally {
      if (this.round === round) {
        this.write.disabled = false;
        if (pressed && document.activeElement === document.body) this.write.focus({ preventScroll: true });
        this.stop.disabled = true;
        this.runs = [];
      }
    }
  }

  /** What the fields ask for; a number out of its bounds is set to the nearest one, and that is said. */
  #settings() {
    const told = [];
    const within = (name, input, low, high, whole) => {
      const asked = Number(input.value) || 0;
      const bound = Math.min(high, Math.max(low, asked));
      const value = whole ? Math.round(bound) : bound;
      if (value !== asked || input.value === "") {
        told.push(`${name} goes from ${low} to ${high}: it is ${value} now${input.value === "" ? "" : `, not ${input.value}`}.`);
        input.value = String(value);
      }
      return value;
    };
    const settings = {
      samples: within("K", this.samples, 1, MOST_SAMPLES, true),
      temperature: within("Temperature", this.temperature, 0, 2, false),
      seed: within("Seed", this.seed, 0, 2 ** 31, true),
    };
    this.notice.textContent = told.join(" ");
    return settings;
  }

  /** Scroll until the top of a node is in sight, if it is not. */
  #bring(node) {
    const { top } = node.getBoundingClientRect();
    if (top >= 0 && top < innerHeight * 0.6) return;
    node.scrollIntoView({ block: "start", behavior: still() ? "auto" : "smooth" });
  }

  #group(row, { samples }) {
    const cards = Array.from({ length: samples }, (_, i) => new SampleCard(this.store, this.asked, i, (reading) => this.#light(reading)));
    const told = el("p", { class: "muted", data: { part: "speed" } }, "waiting");
    const node = el("section", { class: "card try-arm", "aria-label": row.label, data: { arm: row.arm, model: row.model } },
      el("div", { class: "row" }, el("h3", {}, `${row.label}, ${row.title}`), row.contaminated ? el("span", { class: "badge" }, "contaminated") : null), told,
      el("div", { class: samples > 1 ? "cards many" : "cards" }, cards.map((card) => card.node)));
    return { row, cards, told, node };
  }

  #light(reading) {
    this.graph.light(reading.clauses, reading.answer?.letter ?? "");
  }

  async #generate({ row, cards, told }, { samples, temperature, seed }, round) {
    const question = this.asked;
    told.textContent = "loading";
    const ready = await this.#load(row);
    if (this.round !== round) return;
    this.graph.show(question);
    const began = performance.now();
    let tokens = 0;
    const hash = `${ready.parameters.toLocaleString("en")} parameters, SHA-256 ${ready.sha256.slice(0, 12)}${ready.verified ? " (checked)" : ""}`;
    const run = this.engine.generate({
      model: ready.model, prompt: question.prompt, samples, temperature, seed, maxNewTokens: MOST_TOKENS, top: 5,
      onToken: (event) => {
        tokens += 1;
        const reading = cards[event.sample].token(event);
        if (event.sample === 0 && this.round === round) this.#light(reading);
        told.textContent = `${tokens} tokens, ${Math.round((1000 * tokens) / Math.max(performance.now() - began, 1))} tokens/s; ${hash}`;
      },
      onSample: (event) => cards[event.sample].end(event),
    });
    this.runs.push(run);
    const done = await run.done;
    told.textContent = `${done.tokens} tokens, ${Math.round(done.tokensPerSecond)} tokens/s${done.cancelled ? ", stopped" : ""}; ${hash}`;
    if (samples > 1 && !done.cancelled) {
      const graded = done.samples.map((text) => ({ text, grade: this.store.grader.grade(question, text) }));
      const kept = chooseWinners(graded, { reward: "v1", selection: "best", minReward: 0, top: 1 });
      cards.forEach((card, i) => card.settle(kept.includes(i)));
      if (kept.length) this.#light(cards[kept[0]].reading);
      told.append(kept.length ? `; sample ${kept[0] + 1} kept by reward v1` : "; no sample reaches reward 0: nothing kept");
    }
  }
}

export const open = (panel, store, options) => new Try(panel, store, options);
