// Python's notion of characters, for the modules that must read a text as Python does.
// JavaScript's own \s, trim and \w differ: \s and trim take U+FEFF and not U+001C..U+001F or U+0085; \w is ASCII.

/** White space as in Python's `str.isspace`, which `str.split`, `str.strip` and `\s` follow. For a character class. */
export const SPACE = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";

/** A character of Python's `\w`: letters and numbers of any script, and the low line. For a class in a `u` pattern. */
export const WORD = "\\p{L}\\p{N}_";

const SPACES = new RegExp(`[${SPACE}]+`, "u");
const IS_SPACE = new RegExp(`^[${SPACE}]$`, "u");
const AT_START = new RegExp(`^[${SPACE}]+`, "u");

/** Whether one UTF-16 unit is white space (none lies outside the Basic Multilingual Plane). */
export const isSpace = (character) => IS_SPACE.test(character);

/** `str.strip()`. */
export const strip = (text) => stripEnd(text).replace(AT_START, "");

/** `str.rstrip()`; a loop, since a pattern anchored at the end may take quadratic time. */
export function stripEnd(text) {
  let end = text.length;
  while (end > 0 && isSpace(text[end - 1])) end -= 1;
  return text.slice(0, end);
}

/** `str.split()`. */
export const words = (text) => text.split(SPACES).filter((word) => word !== "");

/** The first `count` characters (code points), as Python's slice. */
export function firstCharacters(text, count) {
  if (text.length <= count) return text;
  let end = 0;
  for (let n = 0; n < count && end < text.length; n += 1) end += text.codePointAt(end) > 0xffff ? 2 : 1;
  return text.slice(0, end);
}

/** The last `count` characters (code points). */
export function lastCharacters(text, count) {
  if (text.length <= count) return text;
  return Array.from(text.slice(-2 * count - 1)).slice(-count).join("");
}

/** Characters (code points) of a text: Python's `len`. */
export function characterCount(text) {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/** A pattern that matches exactly this text (`re.escape`), in `u` patterns too. */
export const escaped = (text) => text.replace(/[\\^$.*+?()[\]{}|/-]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`);
