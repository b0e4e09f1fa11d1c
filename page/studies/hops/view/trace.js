// A completion on the page: clauses underlined by what they are, entities marked, the answer told.
import { broken, el, spoken } from "../../../view/dom.js";

export const KIND_NAMES = { true: "true edge", false: "false edge", off_chain: "off path", unread: "not a statement", open: "being written" };

/** Nodes of `text[from, to)` with the marks that lie in it. */
function marked(text, from, to, marks) {
  const nodes = [];
  let at = from;
  for (const mark of marks) {
    if (mark.start < at || mark.end > to) continue;
    nodes.push(text.slice(at, mark.start));
    nodes.push(el("span", { class: `entity ${mark.onPath ? "on" : "off"}`, title: mark.onPath ? "on the question's path" : "not on the question's path" }, text.slice(mark.start, mark.end)));
    at = mark.end;
  }
  nodes.push(text.slice(at, to));
  return nodes;
}

/** Nodes that show `text` as engine/reading.js read it; joined, their text is `text` (spoken words aside). */
export function traceNodes(text, reading) {
  const nodes = [];
  let at = 0;
  for (const clause of reading.clauses) {
    if (clause.start < at) continue;
    nodes.push(text.slice(at, clause.start));
    nodes.push(el("span", { class: `clause kind-${clause.kind}`, title: KIND_NAMES[clause.kind] },
      ...marked(text, clause.start, clause.end, reading.marks), clause.open ? null : spoken(` (${KIND_NAMES[clause.kind]})`)));
    at = clause.end;
  }
  const { answer } = reading;
  if (answer && answer.start >= at) {
    nodes.push(text.slice(at, answer.start));
    nodes.push(el("span", { class: `answer ${answer.correct ? "right" : "wrong"}` }, text.slice(answer.start, answer.end), spoken(answer.correct ? " (right)" : " (wrong)")));
    at = answer.end;
  }
  nodes.push(text.slice(at));
  return nodes;
}

/** What the visitor reads of a trace, without the spoken words. */
export function plainText(node) {
  const copy = node.cloneNode(true);
  for (const words of copy.querySelectorAll(".spoken")) words.remove();
  return copy.textContent;
}

/** A name with places to break it: before each capital. */
export const breakable = (name) => broken(name, /(?<=[a-z])(?=[A-Z])/);

/** The question with its options; `letter` is the one told so far. */
export function questionCard(question) {
  return el("div", { class: "question" },
    el("p", { class: "asked" }, question.question),
    el("ul", { class: "options" }, Object.entries(question.options).map(([letter, entity]) => (
      el("li", { class: letter === question.answer_star ? "option right" : "option", data: { letter } },
        el("b", {}, letter), " ", breakable(entity), letter === question.answer_star ? spoken(" (the right answer)") : null)))));
}
