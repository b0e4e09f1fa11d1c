// Addresses inside the page: #tab/arm/question/step. `arm` is model.arm or model.arm.seed; all but the tab may be missing.

/** Names of the tabs, in the order of the page. */
export const TABS = [...document.querySelectorAll("[role=tab]")].map(({ id }) => id.slice("tab-".length));

/** {tab, arm, question, step, parts} of a hash; an unknown tab is the first one. Never throws. */
export function readAddress(hash) {
  const parts = hash.replace(/^#/, "").split("/").map((part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return "";
    }
  });
  const tab = TABS.includes(parts[0]) ? parts[0] : TABS[0];
  const [model = "", arm = "", seed = ""] = (parts[1] ?? "").split(".");
  const step = Number.parseInt(parts[3] ?? "", 10);
  return { tab, model, arm, seed, question: parts[2] ?? "", step: Number.isInteger(step) && step >= 0 ? step : null, parts };
}

/** The hash of a place in the page; trailing parts that say nothing are left out. */
export function writeAddress({ tab, model = "", arm = "", seed = "", question = "", step = null }) {
  const who = [model, arm, seed].join(".").replace(/\.+$/, "");
  const parts = [tab, who, question, step === null ? "" : String(step)].map(encodeURIComponent);
  while (parts.length > 1 && parts.at(-1) === "") parts.pop();
  return `#${parts.join("/")}`;
}

/** Change the address without a new entry in the history, and without telling the tabs; only the open tab may. */
export function keepAddress(place) {
  if (document.body.dataset.tab !== place.tab) return;
  history.replaceState(null, "", `${location.pathname}${location.search}${writeAddress(place)}`);
}
