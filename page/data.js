// The page's data files, fetched when first needed, and what is read out of them. A study may bring a Store of its own.
import { writeAddress } from "./address.js";
import { know } from "./view/terms.js";

async function fetchJson(name) {
  const response = await fetch(new URL(`./data/${name}`, import.meta.url));
  if (!response.ok) throw new Error(`data/${name}: the server answers ${response.status}`);
  return response.json();
}

/** Objects of a table that Python wrote as {columns, words, coded, rows} (scripts/trap/site/numbers.py). */
export const records = ({ columns, words, coded, rows }) =>
  rows.map((row) => Object.fromEntries(columns.map((name, i) => [name, coded.includes(name) ? words[row[i]] : row[i]])));

/** Stored answers of one model; each is an object with its score fields, its question and its completion. */
export class Episodes {
  constructor(file, questions) {
    const texts = file.completions.map((cut) => cut.map((piece) => file.pieces[piece]).join(""));
    this.fields = Object.keys(file.scores);
    this.flags = new Set(file.flags);
    const read = (name, i) => {
      const value = file.scores[name][i];
      return value !== null && this.flags.has(name) ? Boolean(value) : value;
    };
    const { question, completion, score } = file.answers;
    this.answers = question.map((asked, i) => ({
      ...Object.fromEntries(this.fields.map((name) => [name, read(name, score[i])])),
      question: questions[asked], completion: texts[completion[i]],
    }));
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

  /** A data file, fetched once; `read` makes of it what callers get. */
  file(name, read = (file) => file) {
    if (!this.#files.has(name)) {
      const loading = fetchJson(name).then(read);
      loading.catch(() => this.#files.delete(name));
      this.#files.set(name, loading);
    }
    return this.#files.get(name);
  }

  /** What every tab needs: the site, the stored questions, the glossary. Resolves with the store. */
  async open() {
    const [site, questions, glossary] = await Promise.all([
      this.file("site.json"),
      this.file("questions.json", (rows) => rows.map((row) => this.readQuestion(row))),
      this.file("glossary.json"),
    ]);
    know(glossary);
    this.site = site;
    this.questions = questions;
    this.question = new Map(questions.map((question) => [`${question.pool}/${question.id}`, question]));
    this.arm = new Map(site.arms.map((arm) => [arm.id, arm]));
    this.pool = new Map(site.pools.map((pool) => [pool.id, pool]));
    this.metric = new Map(site.metrics.map((metric) => [metric.id, metric]));
    this.estimates = records(site.estimates);
    this.byLevel = records(site.by_level);
    this.doses = records(site.doses);
    this.contrasts = records(site.contrasts);
    return this;
  }

  /** A row of questions.json as the study's panels want it. */
  readQuestion(row) {
    return row;
  }

  episodes(model) {
    return this.file(`episodes.${model}.json`, (file) => new Episodes(file, this.questions));
  }

  curves(model) {
    return this.file(`curves.${model}.json`);
  }

  claims() {
    return this.file("claims.json");
  }

  /** The one estimate with these keys, or undefined. */
  estimate(model, arm, pool, metric = "accuracy") {
    return this.estimates.find((row) => row.model === model && row.arm === arm && row.pool === pool && row.metric === metric);
  }

  /** A model of another experiment whose stored answers stand beside this one's, or undefined (scripts/trap/site/beside.py). */
  beside(model) {
    return this.site.beside.find(({ id }) => id === model);
  }

  /** Whether the page holds stored answers of a model, of this experiment or of one beside it. */
  answered(model) {
    return Boolean(this.site.models.some(({ id }) => id === model) || this.beside(model));
  }

  /** Choices for select(): the experiment's own models, then those beside it, by experiment. */
  answeredModels() {
    const own = this.site.models.map(({ id, title }) => [id, title]);
    const others = [...new Set(this.site.beside.map(({ experiment }) => experiment))];
    return [...own, ...others.map((name) => ({
      group: name, options: this.site.beside.filter(({ experiment }) => experiment === name).map(({ id, title }) => [id, title]),
    }))];
  }

  armsOf(model) {
    return this.beside(model)?.arms ?? this.site.arms.filter((arm) => arm.models.includes(model));
  }

  title(model) {
    return this.site.models.find(({ id }) => id === model)?.title ?? this.beside(model)?.title ?? model;
  }

  /** Whose stored answers a model's are: "seed 1", with the experiment where that is another one. */
  answersOf(model) {
    const other = this.beside(model);
    return other ? `seed ${other.seed} in the experiment “${other.experiment}”` : `seed ${this.site.stored_seed}`;
  }

  /** Words for a pool, an arm, a measure. */
  poolName(pool) {
    return this.pool.get(pool)?.label ?? pool;
  }

  armName(arm) {
    return this.arm.get(arm)?.label ?? arm;
  }

  metricName(metric) {
    return this.metric.get(metric)?.label ?? metric.replaceAll("_", " ");
  }

  /** A comparison as the ledger writes it ("accuracy of ARM minus ARM on POOL"), with words for the arms and pools. */
  spelled(text) {
    return text.replace(/\b(of|minus|on) (\w+)/g, (found, joint, id) => {
      const name = this.arm.get(id)?.label ?? this.pool.get(id)?.label;
      return name ? `${joint} ${name}` : found;
    });
  }

  /** A question by its id alone, whatever its pool. */
  find(id) {
    return this.questions.find((question) => question.id === id);
  }

  /** Where the answers of an arm to the questions of a pool are shown: a hash. */
  answersAt({ model, arm, pool }) {
    return writeAddress({ tab: this.site.study.answers, model, arm, question: pool });
  }
}
