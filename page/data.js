// The page's data files, fetched when first needed, and what is read out of them.
import { Grader } from "./engine/grader.js";
import { Asker } from "./engine/questions.js";

async function fetchJson(name) {
  const response = await fetch(new URL(`./data/${name}`, import.meta.url));
  if (!response.ok) throw new Error(`data/${name}: the server answers ${response.status}`);
  return response.json();
}

/** Objects of a table that Python wrote as {columns, rows}. */
export const records = ({ columns, rows }) =>
  rows.map((row) => Object.fromEntries(columns.map((name, i) => [name, row[i]])));

/** A stored question as a row of a pool, which is what the engine grades. */
function poolRow(kept) {
  const { path, relations, start, chain, ...row } = kept;
  const edges = relations.map((rel, i) => ({ src: path[i], rel, dst: path[i + 1] }));
  return { ...row, path_star: { entities: path, edges }, meta: { start, chain, pool: kept.pool } };
}

/** Stored answers of one model: {answers, evals(arm), rollouts(arm)}; each answer is an object with its grade. */
class Episodes {
  constructor(file, questions) {
    const names = Object.keys(file.answers);
    const texts = file.completions.map((cut) => cut.map((piece) => file.pieces[piece]).join(""));
    this.answers = file.answers.question.map((_, i) => {
      const answer = Object.fromEntries(names.map((name) => [name, file.answers[name][i]]));
      for (const flag of ["correct", "faithful", "valid", "format"]) answer[flag] = Boolean(answer[flag]);
      return { ...answer, question: questions[answer.question], completion: texts[answer.completion] };
    });
    this.arms = file.arms;
  }

  /** Greedy answers of the finished arm, in the order of the table. */
  evals(arm) {
    return (this.arms[arm]?.eval ?? []).map((i) => this.answers[i]);
  }

  /** What the arm sampled to train on: [{...answer, round, sample, kept}], in the order of the table. */
  rollouts(arm) {
    return (this.arms[arm]?.rollouts ?? []).map(([i, round, sample, kept]) => ({ ...this.answers[i], round, sample, kept: Boolean(kept) }));
  }
}

export class Store {
  #files = new Map();

  #once(name, read) {
    if (!this.#files.has(name)) {
      const loading = fetchJson(name).then(read);
      loading.catch(() => this.#files.delete(name));
      this.#files.set(name, loading);
    }
    return this.#files.get(name);
  }

  /** What every tab needs: the site, the graph, the stored questions. */
  async open() {
    const [site, graph, questions] = await Promise.all([
      this.#once("site.json", (file) => file),
      this.#once("graph.json", (file) => file),
      this.#once("questions.json", (rows) => rows.map(poolRow)),
    ]);
    this.site = site;
    this.graph = graph;
    this.questions = questions;
    this.question = new Map(questions.map((question) => [`${question.pool}/${question.id}`, question]));
    this.grader = new Grader(graph);
    this.asker = new Asker(graph);
    this.arm = new Map(site.arms.map((arm) => [arm.id, arm]));
    this.estimates = records(site.estimates);
    this.byHops = records(site.by_hops);
    this.doses = records(site.doses);
    this.contrasts = records(site.contrasts);
    return this;
  }

  episodes(model) {
    return this.#once(`episodes.${model}.json`, (file) => new Episodes(file, this.questions));
  }

  curves(model) {
    return this.#once(`curves.${model}.json`, (file) => file);
  }

  claims() {
    return this.#once("claims.json", (rows) => rows);
  }

  /** The one estimate with these keys, or undefined. */
  estimate(model, arm, pool, metric = "accuracy") {
    return this.estimates.find((row) => row.model === model && row.arm === arm && row.pool === pool && row.metric === metric);
  }

  armsOf(model) {
    return this.site.arms.filter((arm) => arm.models.includes(model));
  }

  title(model) {
    return this.site.models.find(({ id }) => id === model)?.title ?? model;
  }

  /** A question by its id alone, whatever its pool. */
  find(id) {
    return this.questions.find((question) => question.id === id);
  }
}
