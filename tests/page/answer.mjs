// Answers requests of the Python tests, one JSON document a line: the engine's functions, called as a page calls them.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { isSpace, WORD } from "../../page/engine/characters.js";
import { lenientLetter, parseCompletion } from "../../page/studies/hops/engine/completions.js";
import { readModelFile } from "../../page/engine/format.js";
import { chooseWinners, Grader, selectionKey } from "../../page/studies/hops/engine/grader.js";
import { Decoder } from "../../page/engine/model.js";
import { Asker } from "../../page/studies/hops/engine/questions.js";
import { readTrace } from "../../page/studies/hops/engine/reading.js";
import { generate } from "../../page/engine/sampling.js";
import { Tokenizer } from "../../page/engine/tokenizer.js";
import { ladder, withTrace } from "../../page/studies/hops/view/ladder.js";

const held = { grader: new Map(), tokenizer: new Map(), model: new Map() };

function modelAt(path) {
  if (!held.model.has(path)) {
    const bytes = readFileSync(path);
    const file = readModelFile(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
    held.model.set(path, { ...file, decoder: new Decoder(file.header.decoder, file.tensors) });
  }
  return held.model.get(path);
}

function tokenizerAt(path) {
  if (!held.tokenizer.has(path)) held.tokenizer.set(path, new Tokenizer(JSON.parse(readFileSync(path, "utf8"))));
  return held.tokenizer.get(path);
}

const tasks = {
  graph: ({ name, graph }) => {
    held.grader.set(name, new Grader(graph));
    return [...held.grader.get(name).phrases];
  },
  grade: ({ name, pairs }) => pairs.map(([question, text]) => held.grader.get(name).grade(question, text)),
  keys: ({ name, pairs, reward }) => pairs.map(([question, text]) => selectionKey(held.grader.get(name).grade(question, text), reward)),
  winners: ({ name, question, texts, settings }) =>
    chooseWinners(texts.map((text) => ({ text, grade: held.grader.get(name).grade(question, text) })), settings),
  reading: ({ name, question, text, done }) => readTrace(held.grader.get(name), question, text, { done }),
  readings: ({ name, question, text }) => // after every character
    Array.from({ length: text.length + 1 }, (_, end) => readTrace(held.grader.get(name), question, text.slice(0, end))),
  prompts: ({ graph, questions }) => {
    const asker = new Asker(graph);
    return questions.map(({ meta, options }) => asker.prompt(asker.text(meta.start, meta.chain), options));
  },
  paths: ({ graph, questions }) => {
    const asker = new Asker(graph);
    return questions.map(({ meta }) => [asker.paths(meta.start, meta.chain), [...asker.reachable([meta.start], meta.chain)].sort(),
      meta.chain.map((_, i) => asker.next(meta.start, meta.chain.slice(0, i)))]);
  },
  ladders: ({ graph, asked }) => {
    const asker = new Asker(graph);
    return asked.map(([question, clauses]) => [...withTrace(ladder(asker, question), clauses)].map(([entity, { column, row, role }]) => [entity, column, row, role]));
  },
  compose: ({ graph, asked }) => {
    const asker = new Asker(graph);
    return asked.map((one) => {
      try {
        return asker.compose(one);
      } catch (error) {
        return error.message;
      }
    });
  },
  parse: ({ texts }) => texts.map(parseCompletion),
  lenient: ({ texts, options }) => texts.map((text) => lenientLetter(text, options)),
  encode: ({ tokenizer, texts }) => texts.map((text) => tokenizerAt(tokenizer).encode(text)),
  decode: ({ tokenizer, rows }) => rows.map((row) => tokenizerAt(tokenizer).decode(row)),
  weights: ({ model, name }) => Array.from(modelAt(model).tensors.get(name).data),
  logits: ({ model, ids }) => Array.from(modelAt(model).decoder.prefill(ids, { all: true }).logits),
  // after each of `ids` in turn on a branch behind `prefix`, beside `rows - 1` branches that write other tokens
  steps: ({ model, prefix, ids, rows = 1 }) => {
    const { decoder } = modelAt(model);
    const start = decoder.prefill(prefix);
    const branches = Array.from({ length: rows }, () => decoder.branch(start, ids.length));
    const size = decoder.settings.vocab_size;
    return ids.map((id, at) => {
      const others = Array.from({ length: rows }, (_, row) => (id + row * (at + 1)) % size);
      return Array.from(decoder.step(branches, others).subarray(0, size));
    });
  },
  generate: ({ model, tokenizer, prompts, ...settings }) => {
    const { decoder, header } = modelAt(model);
    return prompts.map((prompt) => {
      const ids = tokenizerAt(tokenizer).encode(prompt);
      const events = [...generate(decoder, ids, { eos: header.eos, ...settings })];
      const samples = events.filter(({ kind }) => kind === "sample").sort((a, b) => a.sample - b.sample);
      return {
        texts: samples.map(({ tokens }) => tokenizerAt(tokenizer).decode(tokens)),
        ends: samples.map(({ end }) => end),
        tokens: samples.map(({ tokens }) => tokens),
        first: events.filter(({ kind, position }) => kind === "token" && position === 0).map(({ token }) => token),
        events: settings.top ? events.filter(({ kind }) => kind === "token") : [],
      };
    });
  },
  // code points of a class, as [first, last] ranges
  characters: ({ kind }) => {
    const word = new RegExp(`^[${WORD}]$`, "u");
    const classes = { space: isSpace, word: (text) => word.test(text), assigned: (text) => !/^\p{Cn}$/u.test(text) };
    const belongs = classes[kind];
    const ranges = [];
    for (let point = 0; point < 0x110000; point += 1) {
      if (!belongs(String.fromCodePoint(point))) continue;
      if (ranges.length > 0 && ranges.at(-1)[1] === point - 1) ranges.at(-1)[1] = point;
      else ranges.push([point, point]);
    }
    return ranges;
  },
};

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  let answer;
  try {
    const { task, ...fields } = JSON.parse(line);
    answer = { value: tasks[task](fields) };
  } catch (error) {
    answer = { error: error.message };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
