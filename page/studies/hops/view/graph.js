// The part of the graph that one question is about: its path, its options, and where a trace went.
import { el, svg } from "../../../view/dom.js";
import { placed } from "./labels.js";
import { ladder, withTrace } from "./ladder.js";

const COLUMN = 138, ROW = 76, RADIUS = 8; // user units; labels are 15 high
const LINE = 34, INDENT = 26; // of the narrow form: one entity a line
const NARROW = 640; // CSS pixels

const KIND_WORDS = { true: "true edge", false: "no such edge", off_chain: "true edge, other step than asked" };

/** "ConnectionRefused" in at most two lines, broken where a new word begins. */
export function lines(name) {
  const parts = name.match(/[A-Z]?[^A-Z]+|[A-Z]+(?![^A-Z])/g) ?? [name];
  if (name.length <= 14 || parts.length < 2) return [name];
  let best = 1;
  let width = Infinity;
  for (let cut = 1; cut < parts.length; cut += 1) {
    const longest = Math.max(parts.slice(0, cut).join("").length, parts.slice(cut).join("").length);
    if (longest < width) [best, width] = [cut, longest];
  }
  return [parts.slice(0, best).join(""), parts.slice(best).join("")];
}

export class GraphView {
  /** Draws into `this.node`. `store`: data.js. */
  constructor(store) {
    this.store = store;
    this.whole = false;
    this.drawing = el("div", { class: "graph-drawing" });
    this.switch = el("button", { type: "button", class: "quiet", "aria-pressed": "false", on: { click: () => this.#toggle() } }, "Whole graph");
    this.node = el("figure", { class: "graph" },
      el("figcaption", { class: "row" }, el("span", { class: "heading" }, "Graph"), this.#legend(), this.switch), this.drawing);
    this.width = 0;
    new ResizeObserver(([entry]) => {
      const narrow = entry.contentRect.width < NARROW;
      if (narrow !== this.narrow) {
        this.narrow = narrow;
        this.#draw();
      }
    }).observe(this.drawing);
  }

  #legend() {
    const item = (kind, text) => el("span", { class: `key kind-${kind}` }, text);
    return el("span", { class: "legend" }, item("asked", "path asked"), item("true", "true step"), item("off_chain", "off path"), item("false", "no such edge"));
  }

  #toggle() {
    this.whole = !this.whole;
    this.switch.setAttribute("aria-pressed", String(this.whole));
    this.#draw();
  }

  /** Show a question. `clauses`: all that its trace will name, so that nothing moves while the trace is written. */
  show(question, clauses = []) {
    this.question = question;
    this.base = ladder(this.store.asker, question);
    this.places = withTrace(this.base, clauses);
    this.state = ""; // questions of a visitor's own may share an id
    this.light([]);
  }

  /** Light the clauses read so far ({clause, kind} of engine/reading.js) and the letter told. */
  light(read, letter = "") {
    const said = read.filter(({ clause }) => clause !== null);
    const state = JSON.stringify([said.map(({ clause, kind }) => [clause, kind]), letter, this.question?.id]);
    if (state === this.state) return;
    this.state = state;
    this.said = said;
    this.letter = letter;
    this.places = withTrace(this.places ?? new Map(), said.map(({ clause }) => clause));
    this.#draw();
  }

  #draw() {
    if (!this.question) return;
    this.drawing.replaceChildren(this.whole ? this.#map() : this.#steps());
  }

  /** Points of the ladder: wide, columns go right; narrow, one line for each entity. */
  #points() {
    const all = [...this.places];
    if (this.narrow) {
      const order = all.sort(([, a], [, b]) => a.column - b.column || Math.abs(a.row) - Math.abs(b.row) || a.row - b.row);
      const points = new Map(order.map(([entity, { row }], i) => [entity, { x: row === 0 ? 20 + INDENT * 2 : 20, y: 20 + i * LINE }]));
      return { points, width: 350, height: order.length * LINE + 14 };
    }
    const top = Math.min(0, ...all.map(([, { row }]) => row));
    const bottom = Math.max(0, ...all.map(([, { row }]) => row));
    const last = Math.max(...all.map(([, { column }]) => column));
    const points = new Map(all.map(([entity, { column, row }]) => [entity, { x: (column + 0.5) * COLUMN, y: (row - top) * ROW + 34 }]));
    return { points, width: (last + 1) * COLUMN, height: (bottom - top) * ROW + 84 };
  }

  #steps() {
    const { points, width, height } = this.#points();
    const { question } = this;
    const edges = question.path_star.edges;
    const drawn = [
      ...this.#branchEdges(points),
      ...edges.flatMap((edge, i) => this.#edge(points, [edge.src, edge.rel, edge.dst], "asked", i)),
      ...this.said.flatMap(({ clause, kind }, i) => this.#edge(points, clause, kind, i)),
    ];
    const words = this.narrow ? [] : edges.map((edge) => this.#relation(points, edge));
    const nodes = [...this.places].map(([entity, place]) => this.#entity(entity, place, points.get(entity)));
    return svg("svg", { viewBox: `0 0 ${width} ${height}`, width: Math.round(width * 1.25), role: "img", class: this.narrow ? "steps narrow" : "steps", "aria-label": this.#words() },
      arrows(), ...drawn, ...words, ...nodes);
  }

  #words() {
    const told = this.said.map(({ clause: [src, rel, dst], kind }) => `${src} ${this.store.asker.phrases.get(rel)} ${dst}: ${KIND_WORDS[kind] ?? "unread"}`);
    const path = `Path asked: ${this.question.path_star.entities.join(", ")}.`;
    return told.length ? `${path} Trace: ${told.join("; ")}.` : path;
  }

  #branchEdges(points) {
    const { asker } = this.store;
    const chain = this.question.meta.chain;
    const onPath = new Set(this.question.path_star.entities);
    const found = [];
    for (const [src, from] of this.base) {
      for (const [rel, dst] of asker.out.get(src) ?? []) {
        const to = this.base.get(dst);
        if (!to || to.column !== from.column + 1 || rel !== chain[from.column] || (onPath.has(src) && onPath.has(dst))) continue;
        if (from.role === "branch" || to.role === "branch") found.push(...this.#edge(points, [src, rel, dst], "branch", 0));
      }
    }
    return found;
  }

  #relation(points, { src, rel, dst }) {
    const [a, b] = [points.get(src), points.get(dst)];
    return svg("text", { class: "relation", x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 - 8, "text-anchor": "middle" }, this.store.asker.phrases.get(rel));
  }

  #edge(points, [src, , dst], kind, index) {
    const a = points.get(src);
    const b = points.get(dst);
    if (!a || !b) return [];
    if (src === dst) return [svg("path", { class: `edge kind-${kind}`, d: `M${a.x - 5} ${a.y - RADIUS}c-22 -34 32 -34 10 0`, "marker-end": `url(#arrow-${kind})` })];
    const along = Math.hypot(b.x - a.x, b.y - a.y) || 1;
    const [ux, uy] = [(b.x - a.x) / along, (b.y - a.y) / along];
    const start = { x: a.x + ux * (RADIUS + 2), y: a.y + uy * (RADIUS + 2) };
    const end = { x: b.x - ux * (RADIUS + 6), y: b.y - uy * (RADIUS + 6) };
    // what a trace says runs beside what the graph says; steps back and jumps bend away from the row
    const asked = kind === "asked" || kind === "branch";
    const adjacent = this.narrow ? along < LINE * 1.5 : along < COLUMN * 1.3 && Math.abs(uy) < 0.3;
    const bend = asked ? (this.narrow && along > LINE * 1.5 ? -14 : 0) : adjacent ? 16 + 4 * (index % 2) : 34;
    const middle = { x: (start.x + end.x) / 2 - uy * bend, y: (start.y + end.y) / 2 + ux * bend };
    const line = svg("path", { class: `edge kind-${kind}`, d: `M${start.x} ${start.y} Q${middle.x} ${middle.y} ${end.x} ${end.y}`, "marker-end": `url(#arrow-${kind})` });
    const found = [line];
    if (kind === "false") {
      const at = { x: (start.x + 2 * middle.x + end.x) / 4, y: (start.y + 2 * middle.y + end.y) / 4 };
      found.push(svg("path", { class: "cross", d: `M${at.x - 5} ${at.y - 5}l10 10m0 -10l-10 10` }));
    }
    return found;
  }

  #entity(entity, { role }, { x, y }) {
    const letter = Object.entries(this.question.options).find(([, option]) => option === entity)?.[0];
    const visited = this.said.find(({ clause }) => clause[2] === entity || clause[0] === entity);
    const chosen = letter !== undefined && letter === this.letter;
    const right = letter === this.question.answer_star;
    const classes = ["entity", `role-${role}`, visited && `seen kind-${visited.kind}`, chosen && (right ? "chosen right" : "chosen wrong")];
    const name = lines(letter ? `${letter}) ${entity}` : entity);
    const said = this.narrow ? [letter ? `${letter}) ${entity}` : entity] : name;
    const place = this.narrow ? { x: 20 + INDENT * 3, y: y + 5, anchor: "start" } : { x, y: y + 26, anchor: "middle" };
    const text = svg("text", { "text-anchor": place.anchor, x: place.x, y: place.y },
      ...said.map((line, i) => svg("tspan", { x: place.x, dy: i ? 17 : 0 }, line)));
    return svg("g", { class: classes.filter(Boolean).join(" "), data: { entity } },
      chosen && svg("circle", { class: "ring", cx: x, cy: y, r: RADIUS + 6 }), svg("circle", { class: "dot", cx: x, cy: y, r: RADIUS }), text);
  }

  /** All entities where Python placed them, with the question's path and the trace on top; few are named. */
  #map() {
    const scale = 560;
    const at = new Map(this.store.graph.entities.map(({ id, x, y }) => [id, { x: x * scale, y: y * scale }]));
    const line = (src, dst, kind, arrow) => {
      const [a, b] = [at.get(src), at.get(dst)];
      return svg("path", { class: `edge kind-${kind}`, d: `M${a.x} ${a.y}L${b.x} ${b.y}`, "marker-end": arrow ? `url(#arrow-${kind})` : undefined });
    };
    const named = new Set([...this.question.path_star.entities, ...this.said.flatMap(({ clause: [src, , dst] }) => [src, dst])]);
    return svg("svg", { viewBox: `0 0 ${Math.round((scale * 16) / 9)} ${scale}`, width: 1600, role: "img", class: "map", "aria-label": `${this.store.graph.entities.length} entities. ${this.#words()}` },
      arrows(),
      ...this.store.graph.edges.map(({ src, dst }) => line(src, dst, "faint", false)),
      ...[...at].map(([id, { x, y }]) => svg("circle", { class: "dot", cx: x, cy: y, r: named.has(id) ? 7 : 3.5 })),
      ...this.question.path_star.edges.map(({ src, dst }) => line(src, dst, "asked", true)),
      ...this.said.filter(({ clause }) => clause[0] !== clause[2]).map(({ clause: [src, , dst], kind }) => line(src, dst, kind, true)),
      ...placed([...named].map((id) => [id, at.get(id)]), { width: (scale * 16) / 9, height: scale })
        .map(({ name, x, y, anchor }) => svg("text", { class: "halo", x, y, "text-anchor": anchor }, name)));
  }
}

const KINDS = ["asked", "true", "false", "off_chain", "unread", "open", "branch"];

const arrows = () => svg("defs", {}, ...KINDS.map((kind) => svg("marker", {
  id: `arrow-${kind}`, class: `arrow kind-${kind}`, viewBox: "0 0 8 8", refX: 6, refY: 4, markerWidth: 8, markerHeight: 8, orient: "auto-start-reverse", markerUnits: "userSpaceOnUse",
}, svg("path", { d: "M0 0L8 4L0 8Z" }))));
