// Grading a completion of a hops question: rewards v1 (published) and v2, as scripts/trap/studies/hops/reward.py.
// Completions are untrusted text: `grade` throws on none, and nothing of one is evaluated.
import { SPACE, WORD, characterCount, escaped, isSpace, words } from "../../../engine/characters.js";
import { lenientLetter, parseCompletion } from "./completions.js";

const CORRECT = 1, INCORRECT = -2;
const PATH_WEIGHT = 0.5, MIN_HITS = 2, MAX_PATH_REWARD = 1;
const REPEAT_MAX = 2, REPEAT_PENALTY = 0.5;
const VALIDITY_WEIGHT = 0.5, FAITHFUL_BONUS = 1;
const MEMO_LIMIT = 20000, MEMO_CHARS = 400;

const PHRASES = new Map([
  ["caused_by", "is caused by"],
  ["leads_to", "leads to"],
  ["diagnosed_by", "is diagnosed by"],
  ["fixed_by", "is fixed by"],
  ["uses_tool", "uses"],
  ["related_to", "is related to"],
]);
const PARTICLES = new Set(["by", "to", "of", "in", "on", "with", "from", "for", "at"]);
const ADVERBS = new Set(["often", "usually", "typically", "commonly", "likely", "also", "then"]);
const S = `[${SPACE}]`;
const BREAKS = new RegExp(`${S}*(?:[.;,]${S}+(?:and${S}+|then${S}+)?|${S}+and${S}+|${S}+then${S}+)`, "gu");
const ALL_WORD = new RegExp(`^[${WORD}]+$`, "u");
const WORDS = new RegExp(`[${WORD}]+`, "gu");
const SEPARATOR = ", and ";

/** The verb phrase of a relation: the one given, else `wording.phrase_of`. Throws where there is nothing to word it from. */
export function phraseOf(relation, label, given = "") {
  if (given) return given;
  if (PHRASES.has(relation)) return PHRASES.get(relation);
  const said = words((label || relation.replaceAll("_", " ")).toLowerCase());
  if (said.length === 0) throw new Error(`relation ${JSON.stringify(relation)} has an empty label`);
  if (PARTICLES.has(said.at(-1)) && !said[0].endsWith("s")) said.unshift("is");
  return said.join(" ");
}

/** Lower-case phrase -> relation id (`reward.relation_phrases`). */
export function relationPhrases(relations) {
  const table = new Map();
  const add = (phrase, id) => {
    const key = words(phrase).join(" ");
    if (!table.has(key)) table.set(key, id);
  };
  for (const { id, label, phrase } of relations) add(phraseOf(id, label, phrase).toLowerCase(), id);
  for (const { id, label } of relations) { // after the phrases of all: another's label takes none of them
    const plain = id.replaceAll("_", " ");
    const told = (label || plain).toLowerCase();
    const said = plain.toLowerCase();
    for (const phrase of [`is ${said}`, `is ${told}`, said, told]) add(phrase, id);
  }
  return table;
}

/** A text with runs of white space made one space and none at its ends, and where each character was. */
function collapse(text) {
  let collapsed = "";
  const at = [];
  let gap = false;
  for (let i = 0; i < text.length; i += 1) {
    if (isSpace(text[i])) {
      gap = collapsed !== "";
      continue;
    }
    if (gap) {
      collapsed += " ";
      at.push(i - 1);
      gap = false;
    }
    collapsed += text[i];
    at.push(i);
  }
  return { collapsed, at };
}

/** [start, end] of text[start, end) without the given characters at its ends. */
function trimmed(text, start, end, left, right) {
  while (end > start && right.includes(text[end - 1])) end -= 1;
  while (start < end && left.includes(text[start])) start += 1;
  return [start, end];
}

const edgeKey = (src, rel, dst) => JSON.stringify([src, rel, dst]);

function unparseable(lenient) {
  return {
    answer: "", trace_text: "", entities: [], valid_format: false, correct: false, hits: 0, coverage: 0, path_reward: 0,
    spam_penalty: 0, total: INCORRECT, clauses: [], true_clauses: 0, validity: 0, valid: false, follows_chain: false,
    first_false: -1, lenient_answer: lenient, total_v2: INCORRECT, faithful: false, hops_used: 0, correctness: INCORRECT,
  };
}

/** The relations that a question asks for, in order. */
export const chainOf = (question) =>
  question.meta?.chain?.length ? question.meta.chain : question.path_star.edges.map((edge) => edge.rel);

/** The entity that a question starts from. */
export const startOf = (question) => question.meta?.start || question.path_star.entities[0] || "";

/** Grades completions against one graph (kg.json, parsed). */
export class Grader {
  constructor(graph) {
    this.entities = new Set(graph.entities.map((entity) => entity.id));
    this.edges = new Set(graph.edges.map((edge) => edgeKey(edge.src, edge.rel, edge.dst)));
    this.phrases = relationPhrases(graph.relations);
    this.plain = [...this.entities].every((entity) => ALL_WORD.test(entity));
    const longestFirst = [...this.entities].sort((a, b) => characterCount(b) - characterCount(a));
    this.mention = new RegExp(`(?<![${WORD}])(?:${longestFirst.map(escaped).join("|")})(?![${WORD}])`, "gu");
    this.memo = new Map();
  }

  /** Whether (src, rel, dst) is an edge; null is none. */
  isEdge(clause) {
    return clause !== null && this.edges.has(edgeKey(...clause));
  }

  /** Entities named in a text, in order, with repeats: [{entity, start, end}]. */
  mentions(text) {
    const found = Array.from(text.matchAll(this.plain ? WORDS : this.mention), (match) => (
      { entity: match[0], start: match.index, end: match.index + match[0].length }));
    return this.plain ? found.filter(({ entity }) => this.entities.has(entity)) : found;
  }

  /** A text as one statement [src, rel, dst], or null. */
  statement(text) {
    let src, middle, dst;
    if (this.plain) {
      const said = words(text);
      if (said.length < 3) return null;
      [src, middle, dst] = [said[0], said.slice(1, -1), said.at(-1)];
      if (!this.entities.has(src) || !this.entities.has(dst)) return null;
    } else {
      const named = this.mentions(text);
      if (named.length < 2 || named[0].start !== 0 || named.at(-1).end !== text.length) return null;
      const [first, last] = [named[0], named.at(-1)];
      [src, middle, dst] = [first.entity, words(text.slice(first.end, last.start)), last.entity];
    }
    const relation = this.phrases.get(middle.join(" ").toLowerCase())
      ?? this.phrases.get(middle.map((word) => word.toLowerCase()).filter((word) => !ADVERBS.has(word)).join(" "));
    return relation === undefined ? null : [src, relation, dst];
  }

  /** Clauses [{clause, start, end}] and mentions of a stretch of trace that holds no ", and "; offsets within it. */
  readPiece(piece) {
    const known = this.memo.get(piece);
    if (known) return known;
    const { collapsed, at } = collapse(piece);
    const [, end] = trimmed(collapsed, 0, collapsed.length, "", " .;,");
    const text = collapsed.slice(0, end);
    const span = (from, to, clause) => ({ clause, start: at[from], end: at[to - 1] + 1 });
    const clauses = [];
    const whole = this.statement(text);
    if (whole !== null) clauses.push(span(0, end, whole));
    else {
      let from = 0;
      const part = (until) => {
        const [start, stop] = trimmed(text, from, until, " \t.;,", " \t.;,");
        if (stop > start) clauses.push(span(start, stop, this.statement(text.slice(start, stop))));
      };
      for (const found of text.matchAll(BREAKS)) {
        part(found.index);
        from = found.index + found[0].length;
      }
      part(end);
    }
    const read = { clauses, mentions: this.mentions(piece) };
    if (piece.length <= MEMO_CHARS) {
      if (this.memo.size >= MEMO_LIMIT) this.memo.clear();
      this.memo.set(piece, read);
    }
    return read;
  }

  /** Clauses and mentions of a trace, with offsets within it. */
  readTrace(trace) {
    const clauses = [];
    const mentions = [];
    let offset = 0;
    for (const piece of trace.split(SEPARATOR)) {
      const read = this.readPiece(piece);
      for (const { clause, start, end } of read.clauses) clauses.push({ clause, start: start + offset, end: end + offset });
      for (const { entity, start, end } of read.mentions) mentions.push({ entity, start: start + offset, end: end + offset });
      offset += piece.length + SEPARATOR.length;
    }
    return { clauses, mentions };
  }

  /** Grade one completion. Never throws, whatever the text. */
  grade(question, completion) {
    const parsed = parseCompletion(completion);
    if (parsed === null) return unparseable(lenientLetter(completion, question.options));
    return this.gradeParsed(question, parsed.trace, parsed.answer);
  }

  /** Grade a trace and a letter; "" where no letter is told yet (then neither right nor parsed). */
  gradeParsed(question, trace, answer) {
    const read = this.readTrace(trace);
    const clauses = read.clauses.map(({ clause }) => clause);
    const entities = read.mentions.map(({ entity }) => entity);

    const path = new Set(question.path_star.entities);
    const counts = new Map();
    for (const entity of entities) counts.set(entity, (counts.get(entity) ?? 0) + 1);
    const hits = [...path].filter((entity) => counts.has(entity)).length;
    const coverage = path.size > 0 ? hits / path.size : 0;
    const pathReward = hits < MIN_HITS ? 0 : Math.min(coverage, MAX_PATH_REWARD);
    const spam = [...counts.values()].some((count) => count > REPEAT_MAX) ? REPEAT_PENALTY : 0;

    const edges = clauses.map((clause) => this.isEdge(clause));
    const trueClauses = edges.filter(Boolean).length;
    const chain = chainOf(question);
    const follows = clauses.length === chain.length
      && clauses.every((clause, i) => clause !== null && clause[1] === chain[i]);
    let valid = follows && trueClauses > 0 && trueClauses === clauses.length;
    if (valid) {
      let here = startOf(question);
      valid = clauses.every(([src, , dst]) => {
        const connected = src === here;
        here = dst;
        return connected;
      });
      valid = valid && Object.hasOwn(question.options, answer) && here === question.options[answer];
    }
    const correct = answer === question.answer_star;
    const validity = clauses.length > 0 ? trueClauses / clauses.length : 0;
    const correctness = correct ? CORRECT : INCORRECT;
    const total = correctness + PATH_WEIGHT * pathReward - spam;
    const faithful = correct && valid;
    return {
      answer, trace_text: trace, entities, valid_format: answer !== "", correct, hits, coverage, path_reward: pathReward,
      spam_penalty: spam, total, clauses, true_clauses: trueClauses, validity, valid, follows_chain: follows,
      first_false: edges.indexOf(false), lenient_answer: answer,
      total_v2: total + VALIDITY_WEIGHT * validity + (faithful ? FAITHFUL_BONUS : 0),
      faithful, hops_used: clauses.length, correctness,
    };
  }
}

/** Sort key for rejection sampling; the greatest is the best (`reward.selection_key`). */
export function selectionKey(grade, reward = "v1") {
  const ties = [grade.correctness, grade.coverage, -characterCount(grade.trace_text)];
  if (reward === "v1") return [grade.total, ...ties];
  if (reward === "v2") return [Number(grade.faithful), grade.total_v2, ...ties];
  throw new Error(`reward: unknown ${JSON.stringify(reward)}: v1 or v2`);
}

/** Negative where key `a` ranks above key `b`. */
export function compareKeys(a, b) {
  for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) return b[i] - a[i];
  return 0;
}

/**
 * Indices of the samples of one prompt that rejection sampling keeps, best first (`methods/rsft.select`).
 * Ties go to the earlier sample; equal texts count once.
 */
export function chooseWinners(samples, { reward = "v1", selection = "best", minReward = 0, top = 1 } = {}) {
  const totalOf = ({ grade }) => (reward === "v1" ? grade.total : grade.total_v2);
  const keys = samples.map((sample) => [totalOf(sample), ...selectionKey(sample.grade, reward)]);
  const order = samples.map((_, i) => i).sort((a, b) => compareKeys(keys[a], keys[b]) || a - b);
  const kept = [];
  for (const i of order) {
    if (kept.length === top) break;
    if (minReward !== null && totalOf(samples[i]) < minReward) continue;
    if (selection === "faithful" && !samples[i].grade.faithful) continue;
    if (kept.some((j) => samples[j].text === samples[i].text)) continue;
    kept.push(i);
  }
  return kept;
}
