// The scoreboard: every claim with its verdict, and on demand where its number came from.
import { keepAddress, writeAddress } from "../address.js";
import { el, select } from "../view/dom.js";

const MARKS = { reproduced: "✔", "not reproduced": "✘", inconclusive: "≈", "not tested here": "–" };

class Claims {
  constructor(panel, claims) {
    this.claims = claims;
    this.verdict = "all";
    this.origin = "sourced";
    this.controls = el("div", { class: "controls" });
    this.tally = el("p", { role: "status" });
    this.list = el("div", { class: "scores-list" });
    panel.replaceChildren(el("h2", {}, "Claims"), this.tally, this.controls, this.list);
    this.#draw();
  }

  visit({ parts }) {
    const wanted = this.claims.find(({ id }) => id === parts[1]);
    if (!wanted) return;
    Object.assign(this, { verdict: "all", origin: wanted.own ? "own" : "sourced" });
    this.#draw();
    const entry = document.getElementById(`claim-${wanted.id}`);
    entry.open = true;
    entry.scrollIntoView({ block: "start" });
    entry.querySelector("summary").focus();
  }

  #draw() {
    const mine = this.claims.filter(({ own }) => own === (this.origin === "own"));
    const shown = mine.filter(({ verdict }) => this.verdict === "all" || verdict === this.verdict);
    this.controls.replaceChildren(
      select("Whose", [["sourced", "published claims"], ["own", "our own questions"]], this.origin, (value) => { this.origin = value; this.#draw(); }),
      select("Verdict", [["all", "all"], ...Object.keys(MARKS).map((verdict) => [verdict, verdict])], this.verdict, (value) => { this.verdict = value; this.#draw(); }));
    this.tally.textContent = Object.keys(MARKS).map((verdict) => `${MARKS[verdict]} ${verdict}: ${mine.filter((claim) => claim.verdict === verdict).length}`).join(" · ");
    this.list.replaceChildren(...shown.map(entry));
  }
}

/** Where the questions behind a claim's row are shown, or null. */
function questionsOf(claim) {
  const told = Object.fromEntries((claim.row ?? "").split(" ").map((part) => part.split("=")));
  if (!told.model || !told.arm || !told.pool) return null;
  const href = writeAddress({ tab: "inference", model: told.model, arm: told.arm, question: told.pool });
  return el("p", {}, el("a", { href }, `Answers of ${told.arm} to questions of ${told.pool}`));
}

function entry(claim) {
  const rows = [
    ["Comparison", claim.comparison], ["Ours", claim.text], ["Published", claim.quoted && `${claim.quoted}${claim.published?.note ? ` (${claim.published.note})` : ""}`],
    ["Why", claim.reason], ["Reproduced if", claim.verdict_rule?.reproduced?.join?.(" or ") ?? claim.verdict_rule?.reproduced],
    ["Not reproduced if", claim.verdict_rule?.not_reproduced?.join?.(" or ") ?? claim.verdict_rule?.not_reproduced],
    ["Source", claim.source], ["File", claim.file], ["Row", claim.row], ["Rule", claim.rule], ["Commit", claim.commit],
    ["Seconds", claim.seconds === null ? null : String(claim.seconds)], ["p (Holm)", claim.p_holm === null ? null : String(claim.p_holm)],
  ].filter(([, value]) => value);
  const code = new Set(["File", "Row", "Rule", "Commit"]);
  return el("details", { class: "claim", id: `claim-${claim.id}`, data: { claim: claim.id, verdict: claim.verdict }, on: { toggle: (event) => {
    if (event.target.open) keepAddress({ tab: "claims", model: claim.id });
  } } },
    el("summary", {},
      el("span", { class: "claim-id" }, claim.id),
      el("span", { class: "claim-verdict" }, `${MARKS[claim.verdict]} ${claim.verdict}`),
      el("span", { class: "claim-statement" }, claim.statement, claim.contaminated ? el("span", { class: "badge" }, "contaminated arms") : null),
      el("span", { class: "claim-text" }, claim.text ?? "")),
    el("dl", { class: "facts" }, rows.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, code.has(name) ? el("code", {}, value) : value)])),
    questionsOf(claim));
}

export const openClaims = async (panel, store) => new Claims(panel, await store.claims());
