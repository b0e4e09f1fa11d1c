// Words with a meaning of their own: explained when a pointer or the keyboard's focus is on them. One tip serves the whole page.
import { el } from "./dom.js";

const TERMS = new Map(); // term, in small letters -> what it means
let tip = null;
let shown = null;

/** The term that a word or a label stands for: itself, or its singular; undefined for none. */
export function termOf(text) {
  const word = text.trim().toLowerCase();
  return [word, word.replace(/s$/, "")].find((one) => TERMS.has(one));
}

/** Learn the terms of `glossary` ({term: meaning}) and explain every node with `data-term` from now on. */
export function know(glossary) {
  for (const [term, meaning] of Object.entries(glossary)) TERMS.set(term, meaning);
  if (tip) return;
  tip = el("div", { id: "tip", class: "tip", role: "tooltip", hidden: true });
  document.body.append(tip);
  const from = (node) => node.closest?.("[data-term]") ?? node.closest?.("label")?.querySelector("[data-term]");
  document.addEventListener("pointerover", ({ target }) => {
    if (target === tip) return;
    const term = target.closest?.("[data-term]");
    if (term) show(term);
    else if (shown && document.activeElement !== shown) hide();
  });
  document.addEventListener("focusin", ({ target }) => {
    const term = target.matches(":focus-visible") ? from(target) : null;
    if (term) show(term, target);
    else hide();
  });
  document.addEventListener("focusout", hide);
  document.addEventListener("click", ({ target }) => {
    const term = target.closest?.("button.term");
    if (term) show(term);
  });
  document.addEventListener("keydown", ({ key }) => { if (key === "Escape") hide(); });
  addEventListener("hashchange", hide);
}

/** Show what a term means below it; `described`: the control that the words belong to. */
function show(term, described = term) {
  hide();
  shown = described;
  tip.replaceChildren(el("b", {}, term.dataset.term), ` – ${TERMS.get(term.dataset.term) ?? ""}`);
  tip.hidden = false;
  described.setAttribute("aria-describedby", tip.id);
  const { left, bottom, top } = term.getBoundingClientRect();
  const { width, height } = tip.getBoundingClientRect();
  const below = described.getBoundingClientRect().bottom > bottom + 4 ? described.getBoundingClientRect().bottom : bottom;
  tip.style.left = `${Math.max(4, Math.min(left, document.documentElement.clientWidth - width - 4))}px`;
  tip.style.top = `${below + height > innerHeight ? Math.max(0, top - height) : below}px`;
}

function hide() {
  shown?.removeAttribute("aria-describedby");
  shown = null;
  tip.hidden = true;
}

/** `text` with the first mention of each known term as a button that explains it: nodes. `seen` remembers the terms across calls. */
export function explained(text, seen = new Set()) {
  if (TERMS.size === 0) return [text];
  const names = [...TERMS.keys()].sort((a, b) => b.length - a.length).map((term) => term.replace(/[.*+?^${}()|[\]\\@]/g, "\\$&"));
  const nodes = [];
  let at = 0;
  for (const found of text.matchAll(new RegExp(`(?<![\\w-])(?:${names.join("|")})s?(?![\\w-])`, "gi"))) {
    const term = termOf(found[0]);
    if (!term || seen.has(term)) continue;
    seen.add(term);
    nodes.push(text.slice(at, found.index), el("button", { type: "button", class: "term", data: { term } }, found[0]));
    at = found.index + found[0].length;
  }
  nodes.push(text.slice(at));
  return nodes;
}

/** Explain the first mention of each term in the text below `node`, outside of headings, links, controls and code. */
export function explainIn(node) {
  const seen = new Set();
  const walker = document.createTreeWalker(node, NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walker.nextNode()) if (!walker.currentNode.parentElement.closest("h1, h2, h3, h4, a, button, label, code, pre, th")) texts.push(walker.currentNode);
  for (const text of texts) text.replaceWith(...explained(text.data, seen));
}
