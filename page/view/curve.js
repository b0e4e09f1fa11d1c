// The learning curve: loss of the optimiser's steps and, where the log has them, validation shares. Every point is a logged row.
import { el, svg } from "./dom.js";
import { line, mark, scale, shareAxis } from "./chart.js";
import { percent } from "./numbers.js";

const WIDTH = 520, LEFT = 52, RIGHT = 12;
const LOSS = { top: 18, bottom: 132 };
const VALID = { top: 168, bottom: 268 };

const stepsOf = (step) => (Array.isArray(step) ? step : Array.from({ length: step.count }, (_, i) => step.first + i * step.by));

/**
 * Rows of a run's log by step: {step, loss} of the optimiser, {step, pool, accuracy, faithful, n} of validation.
 * `log`: columns of both, as curves.MODEL.json has them; undefined gives none.
 */
export function loggedRows(log) {
  if (!log) return [];
  const { train, valid } = log;
  const losses = stepsOf(train.step).map((step, i) => ({ step, loss: train.loss[i] }));
  const shares = valid.step.map((step, i) => ({ step, pool: valid.pool[i], accuracy: valid.accuracy[i], faithful: valid.faithful[i], n: valid.n[i] }));
  return [...losses, ...shares].sort((a, b) => a.step - b.step);
}

/** A node with the curve of `rows` (loggedRows) up to and including index `upTo`; `pools`: {id, label, color} of a site. */
export function curveNode(rows, upTo, pools) {
  const losses = rows.filter((row) => row.loss !== undefined);
  const valid = rows.filter((row) => row.loss === undefined);
  if (rows.length === 0) return el("p", { class: "muted" }, "This arm has no training log: nothing was trained.");
  const most = Math.max(...rows.map((row) => row.step), 1);
  const x = scale(0, most, LEFT, WIDTH - RIGHT);
  const height = valid.length ? VALID.bottom + 26 : LOSS.bottom + 26;
  const parts = [];
  const seen = new Set(rows.slice(0, upTo + 1));
  if (losses.length) {
    const [low, high] = [Math.min(...losses.map((row) => row.loss)), Math.max(...losses.map((row) => row.loss))];
    const y = scale(Math.log(Math.max(low, 1e-4) * 0.9), Math.log(Math.max(high, 1e-3) * 1.1), LOSS.bottom, LOSS.top);
    const at = (row) => [x(row.step), y(Math.log(Math.max(row.loss, 1e-4)))];
    const ticks = [0.0001, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30].filter((tick) => y(Math.log(tick)) <= LOSS.bottom && y(Math.log(tick)) >= LOSS.top);
    parts.push(...ticks.flatMap((tick) => [
      svg("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: y(Math.log(tick)), y2: y(Math.log(tick)) }),
      svg("text", { class: "tick", x: LEFT - 6, y: y(Math.log(tick)) + 4, "text-anchor": "end" }, String(tick))]));
    parts.push(svg("text", { class: "axis", x: LEFT, y: 12 }, "loss (log scale)"));
    parts.push(line(losses.map(at), { class: "curve to-come" }));
    const drawn = losses.filter((row) => seen.has(row));
    if (drawn.length) parts.push(line(drawn.map(at), { class: "curve" }), mark(...at(drawn.at(-1)), "dot", { class: "now" }));
  }
  if (valid.length) {
    const y = scale(0, 1, VALID.bottom, VALID.top);
    parts.push(...shareAxis({ place: y, vertical: true, from: LEFT, to: WIDTH - RIGHT, at: LEFT - 6, step: 0.5 }));
    parts.push(svg("text", { class: "axis", x: LEFT, y: VALID.top - 10 }, `validation: accuracy (●)${valid.some((row) => row.faithful !== null) ? " and faithful accuracy (▲)" : ""}`));
    for (const { id, label, color } of pools) {
      const mine = valid.filter((row) => row.pool === id && seen.has(row));
      for (const [metric, kind] of [["accuracy", "dot"], ["faithful", "triangle"]]) {
        const points = mine.filter((row) => row[metric] !== null).map((row) => [x(row.step), y(row[metric])]);
        if (points.length) parts.push(line(points, { class: `curve series-${color}` }), ...points.map(([px, py]) => mark(px, py, kind, { class: `point series-${color}` })));
      }
      const last = mine.at(-1);
      if (last) parts.push(svg("text", { class: "tick", x: Math.min(x(last.step) + 8, WIDTH - RIGHT), y: y(last.accuracy) - 8, "text-anchor": "end" }, label));
    }
  }
  parts.push(svg("text", { class: "tick", x: LEFT, y: height - 6 }, "step 0"), svg("text", { class: "tick", x: WIDTH - RIGHT, y: height - 6, "text-anchor": "end" }, `step ${most}`));
  return svg("svg", { class: "chart", viewBox: `0 0 ${WIDTH} ${height}`, role: "img", "aria-label": words(rows, upTo, pools) }, ...parts);
}

/** What the curve says at this row, in words; `pools` as for `curveNode`. */
export function words(rows, upTo, pools) {
  const row = rows[Math.max(0, Math.min(upTo, rows.length - 1))];
  if (upTo < 0) return "Learning curve: training has not begun.";
  if (row.loss !== undefined) return `Learning curve: step ${row.step}, loss ${row.loss}.`;
  const pool = pools.find(({ id }) => id === row.pool)?.label ?? row.pool;
  return `Learning curve: step ${row.step}, ${pool}: ${percent(row.accuracy)} right${row.faithful === null ? "" : `, ${percent(row.faithful)} faithful`}, n = ${row.n}.`;
}
