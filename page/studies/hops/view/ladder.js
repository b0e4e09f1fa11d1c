// Where the entities of one question stand, as scripts/trap/studies/hops/analysis/layout.py says it (a test compares the two):
// column i holds what i steps along the chain can reach, row 0 is the question's own path.
import { LETTERS } from "../engine/completions.js";
import { chainOf } from "../engine/grader.js";

const MOST_BRANCHES = 2;

/** Code point order, which is how Python sorts names. */
const before = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

/** Map entity -> {column, row, role} of a question: its path, its options, other true ways along its chain. */
export function ladder(asker, question) {
  const path = question.path_star.entities;
  const chain = chainOf(question);
  const last = path.length - 1;
  const places = new Map();
  path.forEach((entity, column) => {
    const role = column === last ? "answer" : column ? "path" : "start";
    if (!places.has(entity)) places.set(entity, { column, row: 0, role });
  });
  let below = 0;
  for (const letter of LETTERS) {
    const entity = question.options[letter];
    if (entity === undefined || places.has(entity)) continue;
    below += 1;
    places.set(entity, { column: last, row: below, role: "option" });
  }
  let here = new Set([path[0]]);
  chain.forEach((relation, i) => {
    here = asker.reachable(here, [relation]);
    const rest = chain.slice(i + 1);
    [...here].filter((entity) => !places.has(entity))
      .map((entity) => ({ entity, strays: Number(!asker.reachable([entity], rest).has(path[last])) }))
      .sort((a, b) => a.strays - b.strays || before(a.entity, b.entity))
      .slice(0, MOST_BRANCHES)
      .forEach(({ entity }, k) => places.set(entity, { column: Math.min(i + 1, last), row: -k - 1, role: "branch" }));
  });
  return places;
}

/** The ladder and what the clauses of a trace name besides; what stood before keeps its place. */
export function withTrace(places, clauses) {
  const found = new Map(places);
  const last = Math.max(0, ...[...places.values()].map(({ column }) => column));
  clauses.forEach((clause, number) => {
    if (!clause) return;
    for (const [entity, at] of [[clause[0], number], [clause[2], number + 1]]) {
      if (found.has(entity)) continue;
      const column = Math.min(at, last);
      const taken = new Set([...found.values()].filter((place) => place.column === column).map(({ row }) => row));
      let row = 1;
      while (taken.has(row)) row += 1;
      found.set(entity, { column, row, role: "trace" });
    }
  });
  return found;
}
