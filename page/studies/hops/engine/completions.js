// What a completion says: the strict contract of the published reward, and a forgiving second reading.
// The same rules as scripts/trap/studies/hops/completions.py, which gives the reasons.
import { SPACE, WORD, characterCount, escaped, firstCharacters, lastCharacters, strip, stripEnd } from "../../../engine/characters.js";

export const MAX_CHARS = 20000; // of a completion
export const LETTERS = ["A", "B", "C", "D"];

/** {trace, answer} by the strict contract, or null. */
export function parseCompletion(completion) {
  let trace = null;
  let answer = null;
  for (const line of firstCharacters(completion, MAX_CHARS).split("\n")) {
    if (line.startsWith("TRACE:")) {
      if (trace !== null) return null;
      trace = strip(line.slice(6));
    } else if (line.startsWith("ANSWER:")) {
      if (answer !== null) return null;
      answer = strip(line.slice(7));
      if (!LETTERS.includes(answer)) return null;
    }
  }
  return trace === null || answer === null ? null : { trace, answer };
}

// Python's IGNORECASE also equates i with dotless and dotted I, and s with long s; a JavaScript `i` flag does not.
const FOLDED = { i: "[iI\\u0130\\u0131]", s: "[sS\\u017f]" };
const anyCase = (word) => Array.from(word, (c) => FOLDED[c] ?? `[${c}${c.toUpperCase()}]`).join("");
const S = `[${SPACE}]`;
const END = `(?![${WORD}])`; // \b after a letter
const SAID = new RegExp(
  `(?:${["answer", "option", "choice"].map(anyCase).join("|")})(?:${S}{1,4}${anyCase("is")})?${S}{0,4}(?:[:=]${S}{0,4})?` +
    `[*(\\["']{0,4}([A-D])${END}(?!${S}{0,4}(?:,|\\/|\\||or${END}|and${END})${S}{0,4}[A-D]${END})`,
  "gu",
);
const BRACKETED = /\(([A-D])\)|(?<=^|\n)[ \t]{0,8}([A-D])[).:]/gu;
const LONE = new RegExp(`^[^${WORD}]*([A-D])[^${WORD}]*$`, "u");

const only = (letters) => (letters.size === 1 ? letters.values().next().value : "");

/** Whether `name` stands in `text` on word boundaries. */
const names = (text, name) =>
  text.includes(name) && new RegExp(`(?<![${WORD}])${escaped(name)}(?![${WORD}])`, "u").test(text);

/** The letter that a forgiving reader would take, "" when none or several. `options`: {A: text, …}. */
export function lenientLetter(completion, options) {
  const text = firstCharacters(completion, MAX_CHARS);
  const said = new Set(Array.from(text.matchAll(SAID), (found) => found[1]));
  if (said.size > 0) return only(said);
  const lone = characterCount(text) <= 40 ? LONE.exec(text) : null;
  if (lone) return lone[1];
  const bracketed = new Set(Array.from(text.matchAll(BRACKETED), (found) => found[1] || found[2]));
  if (bracketed.size > 0) return only(bracketed);
  const trimmed = stripEnd(text);
  const lastLine = lastCharacters(trimmed.slice(trimmed.lastIndexOf("\n") + 1), 400);
  return only(new Set(Object.keys(options).filter((letter) => options[letter] && names(lastLine, options[letter]))));
}
