// One answer as any study has it: the prompt, what the model wrote, and what it earned.
import { el, spoken } from "./dom.js";
import { points } from "./numbers.js";

const NAMES = { value: "score", correct: "right", format: "could be read", faithful: "faithful", answer: "read as" };

/** What a score field says, in words: flags as yes and no, numbers with two decimals, nothing where nothing was measured. */
function words(value, flag) {
  if (value === null || value === undefined) return "–";
  if (flag) return value ? "yes" : "no";
  return typeof value === "number" ? points(value) : String(value);
}

/** "✔ right", "✘ wrong", in a sign and a word; a right answer for unfaithful reasons is told apart. */
export function verdict(answer) {
  if (answer.format === false) return el("span", { class: "verdict bad" }, "✘ could not be read");
  if (!answer.correct) return el("span", { class: "verdict bad" }, "✘ wrong");
  if (answer.faithful === false) return el("span", { class: "verdict bad" }, "≈ right, not faithful");
  return el("span", { class: "verdict good" }, answer.faithful ? "✔ faithful" : "✔ right");
}

/** The score fields of an answer as a list of terms. `store` names the measures, `episodes` the fields. */
export function scoreList(store, episodes, answer) {
  const name = (field) => NAMES[field] ?? store.metric.get(field)?.label ?? field.replaceAll("_", " ");
  return el("dl", { class: "facts" }, episodes.fields.flatMap((field) => [
    el("dt", {}, name(field)), el("dd", { data: { field } }, words(answer[field], episodes.flags.has(field)))]));
}

/** A card with what was written and what it earned; `kept` is told of samples only. */
export function answerCard(store, episodes, answer, { title, kept }) {
  const fate = kept === undefined ? null : el("strong", { class: kept ? "good" : "bad" }, kept ? "✔ kept to train on" : "✘ discarded");
  return el("article", { class: "card" },
    el("div", { class: "row" }, el("h3", {}, title), verdict(answer), fate),
    el("p", { class: "written", data: { part: "completion" } }, answer.completion || spoken("(nothing)")),
    scoreList(store, episodes, answer));
}
