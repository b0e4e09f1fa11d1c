// The page: tabs, theme, addresses. Each tab names the module that draws it, which is loaded when it is first opened;
// the body names the module of the store. Both are written into index.html from the study's list of panels.
import { TABS, readAddress } from "./address.js";
import { el } from "./view/dom.js";
import { explainIn } from "./view/terms.js";

const recording = new URLSearchParams(location.search).get("record") === "1";
const tabs = new Map(TABS.map((name) => [name, document.getElementById(`tab-${name}`)]));
const panels = new Map(TABS.map((name) => [name, document.getElementById(`panel-${name}`)]));
const opened = new Map(); // tab -> promise of {visit(address), leave(), key(event)}
let current = null;

function complain(panel, error) {
  panel.replaceChildren(el("p", { class: "problem", role: "alert" }, error instanceof Error ? error.message : String(error)));
}

const load = (module) => import(new URL(module, import.meta.url));

/** What a tab's module makes of its panel: {visit(address), leave(), key(event)}, all optional; a tab without one is text. */
async function open(module, panel) {
  if (!module) {
    ready.then(() => explainIn(panel), () => null);
    return {};
  }
  const [drawn, store] = await Promise.all([load(module), ready]);
  return drawn.open(panel, store, { recording });
}

/** Show the tab that the address names and tell it where to go. */
async function go() {
  if (location.hash === "#main") return; // the skip link
  const address = readAddress(location.hash);
  const before = current;
  current = address.tab;
  for (const [name, tab] of tabs) {
    const chosen = name === current;
    tab.setAttribute("aria-selected", String(chosen));
    tab.tabIndex = chosen ? 0 : -1;
    panels.get(name).hidden = !chosen;
  }
  document.body.dataset.tab = current;
  if (before && before !== current) (await opened.get(before)?.catch(() => null))?.leave?.();
  const panel = panels.get(address.tab);
  if (!opened.has(address.tab)) {
    const opening = open(tabs.get(address.tab).dataset.module, panel);
    opened.set(address.tab, opening);
    opening.catch((error) => {
      opened.delete(address.tab);
      complain(panel, error);
    });
  }
  try {
    const tab = await opened.get(address.tab);
    if (current === address.tab) await tab.visit?.(address);
    panel.setAttribute("aria-busy", "false");
    if (before && before !== current) receive(panel);
  } catch (error) {
    complain(panel, error);
  }
}

/** After a link has led to another tab, its focus is gone with the tab it stood in: the new tab takes it, from its top. */
function receive(panel) {
  const { activeElement } = document;
  if (panel.hidden || (activeElement !== document.body && !activeElement.closest("[hidden]"))) return;
  panel.focus({ preventScroll: true });
  scrollTo(0, 0);
}

function choose(name, focus) {
  if (name !== current) location.hash = `#${name}`;
  if (focus) tabs.get(name).focus();
}

for (const [name, tab] of tabs) {
  tab.addEventListener("click", () => choose(name, false));
  tab.addEventListener("keydown", (event) => {
    const at = TABS.indexOf(name);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: TABS.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    choose(TABS[(to + TABS.length) % TABS.length], true);
  });
}

const TYPES_TEXT = new Set(["INPUT", "SELECT", "TEXTAREA"]);

/** Keys of the open tab, where the visitor is not typing or on a control that has keys of its own. */
document.addEventListener("keydown", async (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || TYPES_TEXT.has(event.target.tagName)) return;
  if (event.target.getAttribute?.("role") === "tab" && event.key !== " ") return;
  if ((event.key === " " || event.key === "Enter") && event.target.closest?.("button, a, summary, [tabindex]") && event.target !== document.body) return;
  const tab = await opened.get(current)?.catch(() => null);
  tab?.key?.(event);
});

const theme = document.getElementById("theme");
const THEMES = ["auto", "light", "dark"];

function setTheme(name) {
  if (name === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  theme.textContent = `Theme: ${name}`;
  theme.dataset.theme = name;
}

function remembered() {
  try {
    return localStorage.getItem("theme");
  } catch {
    return null; // storage may be forbidden
  }
}

theme.addEventListener("click", () => {
  const next = THEMES[(THEMES.indexOf(theme.dataset.theme) + 1) % THEMES.length];
  setTheme(next);
  try {
    localStorage.setItem("theme", next);
  } catch {
    // the choice then lasts as long as the page
  }
});
setTheme(THEMES.includes(remembered()) ? remembered() : "auto");
document.body.classList.toggle("recording", recording);

document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  document.getElementById("main").focus();
});
addEventListener("hashchange", go);
const ready = load(document.body.dataset.store).then(({ Store }) => new Store().open());
ready.catch(() => null); // each tab that needs it says so
go();
