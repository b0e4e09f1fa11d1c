// The page's store with what this study knows besides: the graph, its grader, and questions as rows of a pool.
import { Store as Shell } from "../../data.js";
import { Grader } from "./engine/grader.js";
import { Asker } from "./engine/questions.js";

export class Store extends Shell {
  async open() {
    const [graph] = await Promise.all([this.file("graph.json"), super.open()]);
    this.graph = graph;
    this.grader = new Grader(graph);
    this.asker = new Asker(graph);
    return this;
  }

  /** A stored question as a row of a pool, which is what the engine grades. */
  readQuestion(kept) {
    const { path, relations, start = path[0], chain = relations, ...row } = kept;
    row.question ??= row.prompt.split("\n")[0].replace(/^Question: /, "");
    const edges = relations.map((rel, i) => ({ src: path[i], rel, dst: path[i + 1] }));
    return { ...row, hop_len: kept.level, path_star: { entities: path, edges }, meta: { start, chain, pool: kept.pool } };
  }
}
