// Elements made from values. Text only ever becomes a text node, so that no data can become markup.
import { termOf } from "./terms.js";

const SVG = "http://www.w3.org/2000/svg";

function fill(node, props, children) {
  for (const [key, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (key === "on") for (const [name, act] of Object.entries(value)) node.addEventListener(name, act);
    else if (key === "data") Object.assign(node.dataset, value);
    else if (key === "value") node.value = value;
    else node.setAttribute(key, value === true ? "" : String(value));
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** An HTML element: attributes, `on` (listeners), `data` (dataset); children are nodes or strings. */
export const el = (tag, props, ...children) => fill(document.createElement(tag), props, children);

/** An SVG element. */
export const svg = (tag, props, ...children) => fill(document.createElementNS(SVG, tag), props, children);

/** Replace what a node holds; null, undefined and false are left out. */
export const put = (node, ...children) =>
  node.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));

/** Words for those who hear the page and do not see it. */
export const spoken = (text) => el("span", { class: "spoken" }, text);

/** A labelled <select>; `options` are [value, text] or {group, options}. */
export function select(label, options, value, onChange) {
  const option = ([key, text]) => el("option", { value: key, selected: String(key) === String(value) }, text);
  const box = el("select", { on: { change: () => onChange(box.value) } }, options.map((entry) => (
    Array.isArray(entry) ? option(entry) : el("optgroup", { label: entry.group }, entry.options.map(option)))));
  return el("label", { class: "field" }, el("span", { data: { ...(termOf(label) && { term: termOf(label) }) } }, label), box);
}

export const button = (text, onClick, props = {}) => el("button", { type: "button", ...props, on: { click: onClick } }, text);

/** Whether the reader asked for less motion. */
export const still = () => globalThis.matchMedia("(prefers-reduced-motion: reduce)").matches;

/** A name with places where a line may break, at each match of `at`. */
export const broken = (name, at) => name.split(at).flatMap((part, i) => (i ? [el("wbr"), part] : [part]));
