// Questions that a visitor composes, in the words and under the rules of the pools (studies/hops/questions.py):
// the start and the whole chain are named, exactly one option can be reached along the chain, and the others are near
// misses. The balancing of options over a whole pool has no counterpart here, so these are for trying, not for scoring.
import { LETTERS } from "./completions.js";
import { phraseOf } from "./grader.js";
import { randomStream } from "../../../engine/sampling.js";

const MOST_HOPS = 6;

export class Asker {
  /** `graph`: kg.json, parsed. */
  constructor(graph) {
    this.types = new Map(graph.entities.map(({ id, type }) => [id, type]));
    this.phrases = new Map(graph.relations.map(({ id, label, phrase }) => [id, phraseOf(id, label, phrase)]));
    this.out = new Map(graph.entities.map(({ id }) => [id, []]));
    for (const { src, rel, dst } of graph.edges) this.out.get(src).push([rel, dst]);
    for (const steps of this.out.values()) steps.sort(([r, a], [s, b]) => (r < s ? -1 : r > s ? 1 : a < b ? -1 : a > b ? 1 : 0));
  }

  /** "DiskFull leads to something that is fixed by what?" */
  text(start, chain) {
    return `${start} ${chain.map((relation) => this.phrases.get(relation)).join(" something that ")} what?`;
  }

  /** The prompt of a question, as the pools have it (style `minimal`). */
  prompt(text, options) {
    return `Question: ${text}\n${LETTERS.map((letter) => `${letter}) ${options[letter]}\n`).join("")}`;
  }

  /** Entities at the end of any walk along the chain; relations may be null for "any". */
  reachable(starts, chain) {
    let here = new Set(starts);
    for (const relation of chain) {
      here = new Set([...here].flatMap((at) => this.out.get(at).filter(([rel]) => relation === null || rel === relation).map(([, dst]) => dst)));
    }
    return here;
  }

  /** Walks along the chain that visit nothing twice, as lists of entities. */
  paths(start, chain) {
    let found = this.out.has(start) ? [[start]] : [];
    for (const relation of chain) {
      found = found.flatMap((path) => this.out.get(path.at(-1))
        .filter(([rel, dst]) => rel === relation && !path.includes(dst)).map(([, dst]) => [...path, dst]));
    }
    return found;
  }

  /** Relations that can follow: with each of them the chain still has a path. Ids, sorted. */
  next(start, chain) {
    if (chain.length >= MOST_HOPS) return [];
    const found = new Set();
    for (const path of this.paths(start, chain)) {
      for (const [rel, dst] of this.out.get(path.at(-1))) if (!path.includes(dst)) found.add(rel);
    }
    return [...found].sort();
  }

  /** A question, as a row of a pool. Throws Error saying why there is none; the same seed gives the same question. */
  compose({ start, chain, seed = 0 }) {
    if (chain.length === 0) throw new Error("a question needs at least one relation");
    if (chain.length > MOST_HOPS) throw new Error(`a question has at most ${MOST_HOPS} relations`);
    const paths = this.paths(start, chain);
    if (paths.length === 0) throw new Error(`nothing can be reached from ${start} along these relations`);
    const draw = randomStream(seed, 0);
    const pick = (list) => list[Math.floor(draw() * list.length)];
    const path = pick(paths);
    const gold = path.at(-1);
    const reached = this.reachable([start], chain);
    const options = this.#place(gold, this.#nearMisses(start, chain, gold, reached, draw), pick(LETTERS));
    const text = this.text(start, chain);
    const letter = LETTERS.find((one) => options[one] === gold);
    const edges = chain.map((rel, i) => ({ src: path[i], rel, dst: path[i + 1] }));
    const clauses = edges.map(({ src, rel, dst }) => `${src} ${this.phrases.get(rel)} ${dst}`);
    return {
      id: `composed_${seed}`, split: "composed", hop_len: chain.length, question: text, options, answer_star: letter,
      path_star: { entities: path, edges }, prompt: this.prompt(text, options),
      ref: { trace: `TRACE: ${clauses.join(", and ")}\nANSWER: ${letter}`, style_rules: [] },
      meta: { style: "well_posed", prompt_style: "minimal", start, chain, pool: "composed", index: seed },
    };
  }

  /** Three entities that the chain does not reach, nearest first, in random order. */
  #nearMisses(start, chain, gold, reached, draw) {
    const elsewhere = this.reachable([...this.out.keys()].filter((other) => other !== start), chain);
    const strayed = this.reachable([start], chain.map(() => null));
    const far = (name) => (this.types.get(name) === this.types.get(gold) ? 0 : 4)
      + (elsewhere.has(name) ? 0 : 2) + (strayed.has(name) ? 0 : 1);
    const free = [...this.out.keys()].filter((name) => name !== start && !reached.has(name))
      .map((name) => ({ name, far: far(name), order: draw() }))
      .sort((a, b) => a.far - b.far || a.order - b.order).slice(0, 3);
    if (free.length < 3) throw new Error("the graph has too few other entities for three wrong options");
    return free.sort((a, b) => a.order - b.order).map(({ name }) => name);
  }

  #place(gold, wrong, letter) {
    const others = [...wrong];
    return Object.fromEntries(LETTERS.map((one) => [one, one === letter ? gold : others.shift()]));
  }
}
