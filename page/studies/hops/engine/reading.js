// The trace of a completion while it is being written: what each clause says, where it stands, what it earns.
import { firstCharacters, isSpace, strip } from "../../../engine/characters.js";
import { LETTERS, MAX_CHARS } from "./completions.js";
import { chainOf, startOf } from "./grader.js";

/** The first line that starts with `mark`: its value without white space at the ends, and the value's offsets. */
function lineAfter(mark, text) {
  let start = 0;
  while (start <= text.length) {
    const newline = text.indexOf("\n", start);
    const end = newline < 0 ? text.length : newline;
    if (text.startsWith(mark, start)) {
      const value = strip(text.slice(start + mark.length, end));
      let from = start + mark.length;
      while (from < end && isSpace(text[from])) from += 1;
      return { value, start: from, end: from + value.length, last: newline < 0 };
    }
    if (newline < 0) break;
    start = end + 1;
  }
  return null;
}

/** What a clause is, seen from where the walk stands; a walk stands nowhere after a clause that says nothing. */
function kindOf(grader, clause, here, relation) {
  if (clause === null) return "unread";
  if (!grader.isEdge(clause)) return "false";
  return clause[0] === here && clause[1] === relation ? "true" : "off_chain";
}

/**
 * The trace in a text that may be unfinished, with offsets into that text; README.md names the fields.
 * Pieces that were read before are remembered by the grader, so calling this after every token costs little.
 */
export function readTrace(grader, question, text, { done = false } = {}) {
  const seen = firstCharacters(text, MAX_CHARS);
  const line = lineAfter("TRACE:", seen);
  const told = lineAfter("ANSWER:", seen);
  const letter = told && LETTERS.includes(told.value) ? told.value : "";
  const answer = letter && { letter, start: told.start, end: told.end, correct: letter === question.answer_star };
  const reading = {
    traceStart: line ? line.start : -1,
    traceEnd: line ? line.end : -1,
    clauses: [],
    marks: [],
    answer: answer || null,
    parts: grader.gradeParsed(question, line ? line.value : "", letter),
    grade: grader.grade(question, text),
  };
  if (!line) return reading;

  const { clauses, mentions } = grader.readTrace(line.value);
  const chain = chainOf(question);
  let here = startOf(question);
  clauses.forEach(({ clause, start, end }, i) => {
    const open = !done && line.last && i === clauses.length - 1;
    const kind = kindOf(grader, clause, here, chain[i]);
    here = clause === null ? null : clause[2];
    reading.clauses.push({
      start: start + line.start, end: end + line.start, text: line.value.slice(start, end), clause, open,
      kind: open && clause === null ? "open" : kind,
    });
  });
  const path = new Set(question.path_star.entities);
  const times = new Map();
  for (const { entity, start, end } of mentions) {
    times.set(entity, (times.get(entity) ?? 0) + 1);
    const within = clauses.findIndex((clause) => clause.start <= start && end <= clause.end);
    reading.marks.push({
      start: start + line.start, end: end + line.start, entity, onPath: path.has(entity), times: times.get(entity),
      clause: within, kind: within < 0 ? "unread" : reading.clauses[within].kind,
    });
  }
  return reading;
}
