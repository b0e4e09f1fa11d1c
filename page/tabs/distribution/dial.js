// Turn the dial on noise: a small test is drawn from stored answers, again and again, and the percentages dance.
import { line, scale, shareAxis } from "../../view/chart.js";
import { button, el, put, select, still, svg } from "../../view/dom.js";
import { count, percent, points } from "../../view/numbers.js";
import { explained } from "../../view/terms.js";

const [WIDTH, LEFT, STEP, TOP] = [420, 16, 58, 14];
const MANY = 100, PACE = 60; // draws of one press, milliseconds between two of them

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function stream(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6D2B79F5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const bitsOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const bit = (bits, i) => (bits[i >> 3] >> (7 - (i & 7))) & 1;

/** Draw number `index` of a seed: a model's training seed, `size` of its questions, and how many each row has right. */
export function drawn({ seeds, n, right }, size, seed, index) {
  const next = stream(Math.imul(seed, 1000003) + index);
  const place = Math.floor(next() * seeds.length);
  const most = Math.min(...n);
  const order = Array.from({ length: most }, (_, i) => i);
  for (let i = 0; i < size; i += 1) {
    const other = i + Math.floor(next() * (most - i));
    [order[i], order[other]] = [order[other], order[i]];
  }
  const chosen = order.slice(0, size);
  return { seed: seeds[place], size, right: right.map((row) => { const bits = bitsOf(row[place]); return chosen.reduce((sum, i) => sum + bit(bits, i), 0); }) };
}

export class Dial {
  constructor(store, { recording = false } = {}) {
    this.store = store;
    this.dial = store.site.dial;
    const names = Object.keys(this.dial.models);
    this.model = names.at(-1); // the last of the figures' order: the one with most to lose and gain
    this.size = this.dial.sizes[0];
    this.draws = [];
    this.controls = el("div", { class: "controls" });
    this.chart = el("div", {});
    this.told = el("output", { class: "told" });
    this.seed = el("input", { type: "number", min: 0, step: 1, value: "1", on: { input: () => this.#clear() } });
    this.node = el("div", {},
      el("p", { class: "muted" }, explained("Every draw takes the models of one seed of training and asks them the same few questions, out of all that they answered. Nothing else changes from draw to draw. Dashed: all that they answered. Squares: published.")),
      this.controls, el("div", { class: "beside" }, this.chart, this.told));
    this.#offer();
    this.#clear();
    this.draw(1);
    this.plays = recording;
  }

  /** In a recording, it draws by itself. */
  visit() {
    if (this.plays && !this.running) this.#many();
  }

  leave() {
    clearInterval(this.running);
    this.running = undefined;
  }

  #offer() {
    const { store, dial } = this;
    const slider = el("input", { type: "range", min: 0, max: dial.sizes.length - 1, step: 1, value: String(dial.sizes.indexOf(this.size)), on: { input: () => { this.size = dial.sizes[Number(slider.value)]; said(); this.#clear(); this.draw(1); } } });
    const shown = el("b", {});
    const said = () => { slider.setAttribute("aria-valuetext", `${this.size} questions`); shown.textContent = `${this.size} questions`; };
    said();
    put(this.controls,
      select("Model", Object.keys(dial.models).map((id) => [id, store.title(id)]), this.model, (id) => { this.model = id; this.#clear(); this.draw(1); }),
      el("label", { class: "field turning" }, el("span", {}, "A test of ", shown), slider),
      el("label", { class: "field" }, el("span", {}, "Dice"), this.seed),
      button("Draw again", () => { this.leave(); this.draw(1); }, { class: "primary" }),
      button(`Draw ${MANY} times`, () => this.#many()));
  }

  /** Draws one after another, or all at once for who asked for less motion. */
  #many() {
    this.leave();
    if (still()) {
      this.draw(MANY);
      return;
    }
    const end = this.draws.length + MANY;
    this.running = setInterval(() => {
      this.draw(1);
      if (this.draws.length >= end) this.leave();
    }, PACE);
  }

  #clear() {
    this.leave();
    this.draws = [];
    this.#show();
  }

  draw(count) {
    const seed = Math.abs(Math.round(Number(this.seed.value) || 0));
    for (let i = 0; i < count; i += 1) this.draws.push(drawn(this.dial.models[this.model], this.size, seed, this.draws.length));
    this.#show();
  }

  #show() {
    const last = this.draws.at(-1);
    put(this.chart, this.#drawing(last));
    if (!last) {
      put(this.told, "Nothing is drawn yet.");
      return;
    }
    const { rows } = this.dial;
    const shares = rows.map((row, i) => `${row.words} ${percent(last.right[i] / last.size)}`);
    put(this.told, el("p", {}, `Draw ${this.draws.length}, training seed ${last.seed}, ${last.size} questions: `, el("b", {}, shares.join(", ")), "."),
      el("ul", {}, rows.slice(1).map((row, i) => this.#luck(row, i + 1)).filter(Boolean)));
  }

  /** How often the draws so far differ at least as far as the published numbers do. */
  #luck(row, i) {
    const [first, other] = [this.dial.rows[0].marks[0], row.marks[0]];
    if (!first || !other) return null;
    const gap = other.value - first.value;
    const far = this.draws.filter(({ right, size }) => Math.sign(gap) * (right[i] - right[0]) / size >= Math.abs(gap) - 1e-9).length;
    const [words, way] = [points(Math.round(1000 * Math.abs(gap)) / 10), gap < 0 ? "below" : "above"];
    return el("li", { data: { row: row.arm, far, draws: this.draws.length } },
      `${row.words} at least ${words} points ${way} ${this.dial.rows[0].words}, as published (${percent(first.value)} of ${first.n}, then ${percent(other.value)} of ${other.n}; ${other.words}): ${far} of ${count(this.draws.length, "draw")}`);
  }

  #drawing(last) {
    const { rows } = this.dial;
    const bottom = TOP + rows.length * STEP;
    const x = scale(0, 1, LEFT, WIDTH - 26);
    const parts = shareAxis({ place: x, vertical: false, from: TOP, to: bottom, at: bottom + 16 });
    rows.forEach((row, i) => {
      const y = TOP + i * STEP + 34;
      const role = this.store.arm.get(row.arm)?.role ?? "base";
      const whole = this.store.estimate(this.model, row.arm, row.pool);
      parts.push(svg("text", { class: "over", x: LEFT, y: y - 18 }, row.words));
      const times = new Map();
      for (const one of this.draws.slice(0, -1)) times.set(one.right[i], (times.get(one.right[i]) ?? 0) + 1);
      const most = Math.max(1, ...times.values());
      parts.push(...[...times].map(([right, count]) => line([[x(right / this.size), y + 10], [x(right / this.size), y + 10 - (14 * count) / most]], { class: `past role-${role}` })));
      if (whole) parts.push(svg("line", { class: "reference", x1: x(whole.value), x2: x(whole.value), y1: y - 14, y2: y + 14 }));
      parts.push(...row.marks.map(({ value, words, n }) => svg("rect", { class: "mark hollow role-published", x: x(value) - 4.5, y: y + 6, width: 9, height: 9 }, svg("title", {}, `published, ${words}: ${percent(value)}, n = ${n}`))));
      if (!last) return;
      const share = last.right[i] / last.size;
      parts.push(svg("g", { class: `estimate role-${role}`, data: { row: row.arm, right: last.right[i], size: last.size } },
        svg("circle", { class: "mark", cx: x(share), cy: y, r: 7 }), svg("text", { class: "value over", x: x(share) + (share > 0.85 ? -12 : 12), y: y + 4, "text-anchor": share > 0.85 ? "end" : "start" }, percent(share))));
    });
    const said = last ? rows.map((row, i) => `${row.words} ${percent(last.right[i] / last.size)}`).join(", ") : "nothing drawn";
    return svg("svg", { class: "chart dial", viewBox: `0 0 ${WIDTH} ${bottom + 24}`, role: "img", "aria-label": `Small tests drawn from stored answers: ${said}. Dashed: all answers. Squares: published.` }, ...parts);
  }
}

export const dialCard = (dial) => el("section", { class: "card", "aria-label": "Turn the dial on noise" }, el("h3", {}, "Turn the dial on noise"), dial.node);
