// The reward as it fills in, part by part: what the published reward adds up, and what only the graph can tell.
import { el, svg } from "../../../view/dom.js";
import { points } from "../../../view/numbers.js";

// most that a part can give or take; the width of its bar
const PARTS = [
  { key: "correctness", name: "right letter", role: "correctness", least: -2, most: 1, of: (grade) => grade.correctness },
  { key: "path_reward", name: "path named × ½", role: "path", least: 0, most: 0.5, of: (grade) => 0.5 * grade.path_reward },
  { key: "spam_penalty", name: "spam", role: "spam", least: -0.5, most: 0, of: (grade) => -grade.spam_penalty },
];

function bar(value, { least, most, role }) {
  const [zero, width] = [(100 * -least) / (most - least), (100 * Math.abs(value)) / (most - least)];
  return svg("svg", { class: "bar", viewBox: "0 0 100 8", preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("rect", { class: "track", x: 0, y: 0, width: 100, height: 8 }),
    svg("rect", { class: `fill part-${role}`, x: value < 0 ? zero - width : zero, y: 0, width, height: 8 }),
    least < 0 && most > 0 ? svg("rect", { class: "zero", x: zero - 0.4, y: 0, width: 0.8, height: 8 }) : null);
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
      return [el("dt", {}, part.name), el("dd", { data: { part: part.key } }, bar(value, part), el("span", { class: "number" }, open ? "…" : points(value)))];
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
