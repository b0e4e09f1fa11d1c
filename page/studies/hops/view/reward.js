// The reward as it fills in, part by part: what the published reward adds up, and what only the graph can tell.
import { el, svg } from "../../../view/dom.js";
import { points } from "../../../view/numbers.js";

const PARTS = [
  { key: "correctness", name: "right letter", of: (grade) => grade.correctness },
  { key: "path_reward", name: "path named × ½", of: (grade) => 0.5 * grade.path_reward },
  { key: "spam_penalty", name: "spam", of: (grade) => -grade.spam_penalty },
];
const [LEAST, MOST] = [-2, 1]; // what a part can take and give: one scale for all parts, so that their bars compare

/** From zero to the right what is given, from zero to the left, thin and in the colour of what is wrong, what is taken. */
function bar(value) {
  const [zero, width] = [(100 * -LEAST) / (MOST - LEAST), (100 * Math.abs(value)) / (MOST - LEAST)];
  const x = value < 0 ? zero - width : zero;
  return svg("svg", { class: "bar", viewBox: "0 0 100 8", preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("rect", { class: "track", x: 0, y: 0, width: 100, height: 8 }),
    svg("rect", { class: `fill ${value < 0 ? "taken" : "given"}`, x, y: value < 0 ? 2.5 : 0, width, height: value < 0 ? 3 : 8 }),
    svg("rect", { class: "zero", x: zero - 0.4, y: 0, width: 0.8, height: 8 }));
}

export class RewardView {
  constructor() {
    this.node = el("dl", { class: "reward" });
  }

  /**
   * Show a grade. `pending`: the answer is not told yet, so what depends on it is left open.
   * @param {object} grade engine's or stored: correctness, path_reward, spam_penalty, total, validity, true_clauses, faithful
   */
  show(grade, { pending = false } = {}) {
    const rows = PARTS.map((part) => {
      const open = pending && part.key === "correctness";
      const value = open ? 0 : part.of(grade);
      return [el("dt", {}, part.name), el("dd", { data: { part: part.key } }, bar(value), el("span", { class: "number" }, open ? "…" : points(value)))];
    });
    const checked = `true clauses: ${grade.true_clauses} of ${grade.hops_used}`;
    this.node.replaceChildren(...rows.flat(),
      el("dt", { class: "sum" }, "reward"), el("dd", { class: "sum", data: { part: "total" } }, el("span", { class: "number" }, pending ? "…" : points(grade.total))),
      el("dt", {}, "graph"), el("dd", { data: { part: "faithful" } }, verdict(grade, pending), el("span", { class: "muted" }, checked)));
  }
}

/** "faithful" or not, in a sign and a word. */
export function verdict(grade, pending = false) {
  if (pending) return el("span", { class: "verdict" }, "…");
  if (grade.faithful) return el("span", { class: "verdict good" }, "✔ faithful");
  return el("span", { class: "verdict bad" }, grade.correct ? "≈ right, not faithful" : "✘ wrong");
}
