// The scoreboard: every claim with its verdict, and on demand where its number came from.
import { keepAddress } from "../address.js";
import { broken, el, select } from "../view/dom.js";

const MARKS = { reproduced: "✔", supported: "✔", "not reproduced": "✘", refuted: "✘", inconclusive: "≈", "not tested here": "–" };
// counted apart: a published result is reproduced, a prediction of one's own holds, a finding of a re-reading is confirmed
const KINDS = [["published", "published claims"], ["own", "our own predictions"], ["audit", "findings of the audit"]];
const markOf = (verdict) => MARKS[verdict] ?? "·";

class Claims {
  constructor(panel, store, claims) {
    this.store = store;
    this.claims = claims;
    this.kinds = KINDS.filter(([kind]) => claims.some((claim) => claim.kind === kind));
    this.said = "all";
    this.kind = this.kinds[0]?.[0] ?? "own";
    this.controls = el("div", { class: "controls" });
    this.tally = el("p", { role: "status" });
    this.list = el("div", { class: "scores-list" });
    panel.replaceChildren(el("h2", {}, "Claims"), this.tally, this.controls, this.list);
    this.#draw();
  }

  visit({ parts }) {
    const wanted = this.claims.find(({ id }) => id === parts[1]);
    if (!wanted) return;
    Object.assign(this, { said: "all", kind: wanted.kind });
    this.#draw();
    const entry = document.getElementById(`claim-${wanted.id}`);
    entry.open = true;
    entry.scrollIntoView({ block: "start" });
    entry.querySelector("summary").focus();
  }

  #draw() {
    const mine = this.claims.filter(({ kind }) => kind === this.kind);
    const counts = wordsOf(mine);
    if (!counts.has(this.said)) this.said = "all";
    const shown = mine.filter(({ said }) => this.said === "all" || said === this.said);
    this.controls.replaceChildren(
      select("Whose", this.kinds, this.kind, (value) => { this.kind = value; this.#draw(); }),
      select("Verdict", [["all", "all"], ...[...counts.keys()].map((said) => [said, said])], this.said, (value) => { this.said = value; this.#draw(); }));
    this.tally.textContent = this.claims.length === 0 ? "This experiment decides no claim." : [...counts].map(([said, { mark, count }]) => `${mark} ${said}: ${count}`).join(" · ");
    this.list.replaceChildren(...shown.map((claim) => entry(claim, this.store)));
  }
}

/** Map words of a verdict -> {mark, count} of claims, in the order in which a reader would ask: held up, did not, open, not tested. */
function wordsOf(claims) {
  const found = new Map();
  for (const verdict of new Set([...Object.keys(MARKS), ...claims.map((claim) => claim.verdict)])) {
    for (const { said } of claims.filter((claim) => claim.verdict === verdict)) {
      found.set(said, { mark: markOf(verdict), count: (found.get(said)?.count ?? 0) + 1 });
    }
  }
  return found;
}

/** Where the questions behind a claim's row are shown, or null. */
function questionsOf(claim, store) {
  const told = Object.fromEntries((claim.row ?? "").split(" ").map((part) => part.split("=")));
  if (!told.model || !told.arm || !told.pool) return null;
  return el("p", {}, el("a", { href: store.answersAt(told) }, `Answers of ${store.armName(told.arm)} to ${store.poolName(told.pool)}`));
}

/** ["Reproduced if", "low > 0 or …"] of every verdict that a rule decides. */
const rulesOf = (rules) => rules.map(([words, when]) => [`${words[0].toUpperCase()}${words.slice(1)} if`, when]);

/** What more seeds of another experiment say, where this one had too few for a verdict. */
const committedOf = ({ committed: found, committed_said: said }) => found && `${found.text}: ${said} (${found.experiment})`;

const text = (value) => (value === null || value === undefined ? null : String(value));

function entry(claim, store) {
  const rows = [
    ["Comparison", claim.comparison && store.spelled(claim.comparison)], ["Ours", claim.text], ["Published", claim.quoted && `${claim.quoted}${claim.published?.note ? ` (${claim.published.note})` : ""}`],
    ["Why", claim.reason], ["Committed", committedOf(claim)], ...rulesOf(claim.rules),
    ["Source", claim.source], ["File", claim.file], ["Row", claim.row], ["Rule", claim.rule], ["Commit", claim.commit],
    ["Seconds", text(claim.seconds)], ["Family of tests", claim.family], ["p (Holm)", text(claim.p_holm)], ["p over the ledger", text(claim.p_ledger)],
  ].filter(([, value]) => value);
  const code = new Set(["File", "Row", "Rule", "Commit"]);
  return el("details", { class: "claim", id: `claim-${claim.id}`, data: { claim: claim.id, verdict: claim.verdict }, on: { toggle: (event) => {
    if (event.target.open) keepAddress({ tab: "claims", model: claim.id });
  } } },
    el("summary", {},
      el("span", { class: "claim-verdict" }, `${markOf(claim.verdict)} ${claim.said}`),
      el("span", { class: "claim-statement" }, el("span", { class: "claim-id" }, broken(claim.id, /(?<=_)/)), " ", claim.statement, claim.contaminated ? el("span", { class: "badge" }, "contaminated") : null),
      el("span", { class: "claim-text" }, claim.text ?? "")),
    el("dl", { class: "facts" }, rows.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, code.has(name) ? el("code", {}, value) : value)])),
    questionsOf(claim, store));
}

export const open = async (panel, store) => new Claims(panel, store, await store.claims());
