// One sample of a model in the page: its tokens as they come, each with its probability, and what the graph says of it.
import { readTrace } from "./engine/reading.js";
import { el } from "../../view/dom.js";
import { percent } from "../../view/numbers.js";
import { RewardView } from "./view/reward.js";
import { traceNodes } from "./view/trace.js";

const visible = (text) => text.replaceAll("\n", "↵").replaceAll(" ", "␣") || "(nothing)";

export class SampleCard {
  /** `onPick(reading)`: the visitor wants to see this sample in the graph. */
  constructor(store, question, index, onPick) {
    this.store = store;
    this.question = question;
    this.text = "";
    this.reading = readTrace(store.grader, question, "");
    this.reward = new RewardView();
    this.trace = el("p", { class: "trace", data: { part: "trace" } });
    this.tokens = el("p", { class: "tokens", role: "group", "aria-label": "Tokens and their probabilities" });
    this.detail = el("p", { class: "muted detail", "aria-live": "off" }, "Point at a token to see how probable it was.");
    this.fate = el("span", {});
    this.node = el("article", { class: "sample-card", data: { sample: index } },
      el("div", { class: "row" }, el("button", { type: "button", class: "quiet", on: { click: () => onPick(this.reading) } }, `Sample ${index + 1} in the graph`), this.fate),
      this.trace, this.tokens, this.detail, this.reward.node);
    this.#explain();
  }

  /** Tokens are told on hover, focus and arrow keys; one stop of the tab key for all of them. */
  #explain() {
    const tell = (token) => {
      if (!token) return;
      for (const other of this.tokens.querySelectorAll(".told")) other.classList.remove("told");
      token.classList.add("told");
      const { piece, probability, top } = token.told;
      this.detail.replaceChildren(el("b", {}, visible(piece)), ` ${percent(probability)}; most probable: `,
        top.map((one) => `${visible(one.piece)} ${percent(one.probability)}`).join(", "));
    };
    this.tokens.addEventListener("pointerover", (event) => tell(event.target.closest(".token")));
    this.tokens.addEventListener("focusin", (event) => tell(event.target.closest(".token")));
    this.tokens.addEventListener("keydown", (event) => {
      const to = { ArrowRight: "nextElementSibling", ArrowLeft: "previousElementSibling" }[event.key];
      const next = to && event.target[to];
      if (!next) return;
      event.preventDefault();
      event.stopPropagation();
      event.target.tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
    });
  }

  /** A token of the worker; the reading of the text so far. */
  token(event) {
    this.text += event.text;
    const shade = Math.min(4, Math.floor(5 * (1 - event.probability)));
    const token = el("span", { class: `token doubt-${shade}`, tabindex: this.tokens.childElementCount ? -1 : 0, role: "button", "aria-label": `${visible(event.piece)}, ${percent(event.probability)}` }, visible(event.piece));
    token.told = event;
    this.tokens.append(token);
    return this.#draw(false);
  }

  end({ text }) {
    this.text = text;
    this.#draw(true);
  }

  #draw(done) {
    this.reading = readTrace(this.store.grader, this.question, this.text, { done });
    this.trace.replaceChildren(...traceNodes(this.text, this.reading));
    this.reward.show(done ? this.reading.grade : this.reading.parts, { pending: !done && !this.reading.answer });
    return this.reading;
  }

  /** Rejection sampling has chosen. */
  settle(kept) {
    this.node.classList.add(kept ? "kept" : "discarded");
    this.fate.replaceChildren(el("strong", { class: kept ? "good" : "bad" }, kept ? "✔ kept" : "✘ discarded"));
  }
}
