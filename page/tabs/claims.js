// The scoreboard: every claim with its verdict, and on demand where its number came from.
import { keepAddress } from "../address.js";
import { el, select } from "../view/dom.js";

const MARKS = { reproduced: "✔", supported: "✔", "not reproduced": "✘", refuted: "✘", inconclusive: "≈", "not tested here": "–" };
const ORIGINS = [["sourced", "published claims"], ["own", "our own questions"]];
const markOf = (verdict) => MARKS[verdict] ?? "·";

class Claims {
  constructor(panel, store, claims) {
    this.store = store;
    this.claims = claims;
    // in the order in which a reader would ask: held up, did not, open, not tested
    this.verdicts = [...new Set([...Object.keys(MARKS), ...claims.map(({ verdict }) => verdict)])].filter((verdict) => claims.some((claim) => claim.verdict === verdict));
    this.origins = ORIGINS.filter(([origin]) => claims.some(({ own }) => own === (origin === "own")));
    this.verdict = "all";
    this.origin = this.origins[0]?.[0] ?? "own";
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
      select("Whose", this.origins, this.origin, (value) => { this.origin = value; this.#draw(); }),
      select("Verdict", [["all", "all"], ...this.verdicts.map((verdict) => [verdict, verdict])], this.verdict, (value) => { this.verdict = value; this.#draw(); }));
    this.tally.textContent = this.claims.length === 0 ? "This experiment decides no claim." : this.verdicts.map((verdict) => `${markOf(verdict)} ${verdict}: ${mine.filter((claim) => claim.verdict === verdict).length}`).join(" · ");
    this.list.replaceChildren(...shown.map((claim) => entry(claim, this.store)));
  }
}

/** Where the questions behind a claim's row are shown, or null. */
function questionsOf(claim, store) {
  const told = Object.fromEntries((claim.row ?? "").split(" ").map((part) => part.split("=")));
  if (!told.model || !told.arm || !told.pool) return null;
  return el("p", {}, el("a", { href: store.answersAt(told) }, `Answers of ${told.arm} to questions of ${told.pool}`));
}

/** ["Reproduced if", "low > 0 or …"] of every verdict that a rule decides. */
const rulesOf = (rule) => Object.entries(rule ?? {}).map(([verdict, when]) => {
  const words = verdict.replaceAll("_", " ");
  return [`${words[0].toUpperCase()}${words.slice(1)} if`, Array.isArray(when) ? when.join(" or ") : String(when)];
});

/** What more seeds of another experiment say, where this one had too few for a verdict. */
const committedOf = ({ committed: found, committed_said: said }) => found && `${found.text}: ${said} (${found.experiment})`;

const text = (value) => (value === null || value === undefined ? null : String(value));

function entry(claim, store) {
  const rows = [
    ["Comparison", claim.comparison], ["Ours", claim.text], ["Published", claim.quoted && `${claim.quoted}${claim.published?.note ? ` (${claim.published.note})` : ""}`],
    ["Why", claim.reason], ["Committed", committedOf(claim)], ...rulesOf(claim.verdict_rule),
    ["Source", claim.source], ["File", claim.file], ["Row", claim.row], ["Rule", claim.rule], ["Commit", claim.commit],
    ["Seconds", text(claim.seconds)], ["Family of tests", claim.family], ["p (Holm)", text(claim.p_holm)], ["p over the ledger", text(claim.p_ledger)],
  ].filter(([, value]) => value);
  const code = new Set(["File", "Row", "Rule", "Commit"]);
  return el("details", { class: "claim", id: `claim-${claim.id}`, data: { claim: claim.id, verdict: claim.verdict }, on: { toggle: (event) => {
    if (event.target.open) keepAddress({ tab: "claims", model: claim.id });
  } } },
    el("summary", {},
      el("span", { class: "claim-id" }, claim.id),
      el("span", { class: "claim-verdict" }, `${markOf(claim.verdict)} ${claim.said}`),
      el("span", { class: "claim-statement" }, claim.statement, claim.contaminated ? el("span", { class: "badge" }, "contaminated arms") : null),
      el("span", { class: "claim-text" }, claim.text ?? "")),
    el("dl", { class: "facts" }, rows.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, code.has(name) ? el("code", {}, value) : value)])),
    questionsOf(claim, store));
}

export const open = async (panel, store) => new Claims(panel, store, await store.claims());
