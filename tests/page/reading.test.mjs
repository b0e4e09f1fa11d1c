// The trace while it is written: clauses, entities and their places after every character.
import assert from "node:assert/strict";
import test from "node:test";
import { Grader } from "../../page/studies/hops/engine/grader.js";
import { readTrace } from "../../page/studies/hops/engine/reading.js";

const edge = (src, rel, dst) => ({ src, rel, dst });
const EDGES = [edge("Slow", "caused_by", "Lock"), edge("Lock", "leads_to", "Stall"), edge("Stall", "fixed_by", "<b>Kill</b>"), edge("Lock", "fixed_by", "Slow")];
const GRAPH = {
  entities: ["Slow", "Lock", "Stall", "<b>Kill</b>", "SlowLock"].map((id) => ({ id })),
  relations: ["caused_by", "leads_to", "fixed_by"].map((id) => ({ id, label: id.replace("_", " ") })),
  edges: EDGES,
};
const QUESTION = {
  answer_star: "B",
  options: { A: "Slow", B: "<b>Kill</b>", C: "Lock", D: "Stall" },
  path_star: { entities: ["Slow", "Lock", "Stall", "<b>Kill</b>"], edges: EDGES.slice(0, 3) },
  meta: { start: "Slow", chain: ["caused_by", "leads_to", "fixed_by"] },
};
const grader = new Grader(GRAPH);
const TRUE = "Slow is caused by Lock, and Lock leads to Stall, and Stall is fixed by <b>Kill</b>";
const TEXTS = [
  `TRACE: ${TRUE}\nANSWER: B`,
  `Well.\nTRACE:   Slow is caused by Stall. Then  Stall  is fixed by <b>Kill</b> ,\tand nothing\r\nANSWER:  A \nmore`,
  `ANSWER: B\nTRACE: SlowLock leads to Lock; Lock is fixed by Slow, and Lock leads to Stall and Slow Slow Slow.`,
  `TRACE: 𝒜 Slow is caused by Lock, and \nTRACE: again\nANSWER: B`,
  `TRACE: x\nANSWER: E`,
  `TRACE:`,
  `TRACE: , and , and ., and ;\nANSWER: C`,
];
const kinds = (text, done = true) => readTrace(grader, QUESTION, text, { done }).clauses.map(({ kind }) => kind);

test("after every character, places are those of what they name and the grade is the grader's", () => {
  let [clauses, marks] = [0, 0];
  for (const whole of TEXTS) {
    for (let end = 0; end <= whole.length; end += 1) {
      const text = whole.slice(0, end);
      const reading = readTrace(grader, QUESTION, text);
      assert.deepEqual(reading.grade, grader.grade(QUESTION, text));
      assert.deepEqual(readTrace(new Grader(GRAPH), QUESTION, text), reading); // what was read before changes nothing
      const trace = reading.traceStart < 0 ? "" : text.slice(reading.traceStart, reading.traceEnd);
      assert.equal(reading.parts.trace_text, trace);
      assert.deepEqual(reading.clauses.map(({ clause }) => clause), reading.parts.clauses);
      assert.deepEqual(reading.marks.map(({ entity }) => entity), reading.parts.entities);
      let last = reading.traceStart;
      for (const { start, end: stop, text: said, clause } of reading.clauses) {
        assert.ok(last <= start && start < stop && stop <= reading.traceEnd);
        assert.equal(text.slice(start, stop), said);
        assert.deepEqual(grader.statement(said.split(/\s+/u).join(" ")), clause);
        last = stop;
        clauses += 1;
      }
      for (const mark of reading.marks) {
        assert.equal(text.slice(mark.start, mark.end), mark.entity);
        assert.equal(mark.onPath, QUESTION.path_star.entities.includes(mark.entity));
        const within = reading.clauses[mark.clause];
        assert.ok(mark.clause === -1 ? mark.kind === "unread" : within.start <= mark.start && mark.end <= within.end && within.kind === mark.kind);
        marks += 1;
      }
      const { answer } = reading;
      if (answer) assert.deepEqual([text.slice(answer.start, answer.end), answer.correct], [answer.letter, answer.letter === "B"]);
    }
  }
  assert.ok(clauses > 200 && marks > 400);
});

test("a clause is true, false, off the chain or not a statement", () => {
  assert.deepEqual(kinds(TEXTS[0]), ["true", "true", "true"]);
  assert.deepEqual(kinds("TRACE: Slow is caused by Stall, and Stall is fixed by <b>Kill</b>"), ["false", "off_chain"]);
  assert.deepEqual(kinds("TRACE: Lock leads to Stall"), ["off_chain"]); // an edge, but not from the start
  assert.deepEqual(kinds("TRACE: Slow is caused by Lock, and Lock is fixed by Slow"), ["true", "off_chain"]); // another relation
  assert.deepEqual(kinds("TRACE: Slow is caused by Lock, and hm, and Lock leads to Stall"), ["true", "unread", "off_chain"]);
  const torn = "TRACE: Slow is caused by Lock, and Lock leads to Stall, and Lock is fixed by Slow";
  assert.deepEqual(kinds(torn), ["true", "true", "off_chain"]); // the right relation, from where the walk does not stand
  assert.deepEqual(kinds(`TRACE: ${TRUE}, and Slow is caused by Lock`), ["true", "true", "true", "off_chain"]); // a step too many
});

test("a clause stays open while it is written", () => {
  const start = "TRACE: Slow is caused by Lock";
  const last = (text, done = false) => readTrace(grader, QUESTION, text, { done }).clauses.at(-1);
  assert.deepEqual([last("TRACE: Slow is cau").kind, last("TRACE: Slow is cau").open], ["open", true]);
  assert.deepEqual([last(start).kind, last(start).open], ["true", true]);
  assert.deepEqual([last(start, true).kind, last(start, true).open], ["true", false]);
  assert.deepEqual([last("TRACE: Slow is cau", true).kind, last("TRACE: Slow is cau\n").kind], ["unread", "unread"]);
  const two = readTrace(grader, QUESTION, `${start}, and Lo`).clauses;
  assert.deepEqual(two.map(({ kind, open }) => [kind, open]), [["true", false], ["open", true]]);
});

test("mentions are counted, and the parts of a reward fill in before there is an answer", () => {
  const reading = readTrace(grader, QUESTION, "TRACE: Slow Slow Lock Slow");
  assert.deepEqual(reading.marks.map(({ times }) => times), [1, 2, 1, 3]);
  assert.deepEqual([reading.parts.hits, reading.parts.coverage, reading.parts.spam_penalty], [2, 0.5, 0.5]);
  assert.deepEqual([reading.grade.hits, reading.grade.valid_format, reading.parts.valid_format], [0, false, false]);
});
