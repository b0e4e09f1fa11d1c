// One arm's log as a list of steps, each a logged row: what was sampled, then the optimiser, then the finished arm's answers.
import { loggedRows } from "../../view/curve.js";

export const PHASES = { sampling: "Sampling", training: "Training", evaluation: "After training" };

/**
 * Steps of an arm: {phase, row, index, …}. Sampling steps know their group: all samples of their prompt.
 * `curve`: the log of one seed (view/curve.js); `stored`: whether the
 * seed is the one whose answers are stored.
 */
export function stepsOf(rollouts, curve, evals, stored) {
  const steps = [];
  if (stored) {
    let group = [];
    rollouts.forEach((row, index) => {
      if (group.length === 0 || group[0].row.question !== row.question || row.sample === 0) group = [];
      const step = { phase: "sampling", row, index, of: rollouts.length, group };
      group.push(step);
      steps.push(step);
    });
  }
  const logged = loggedRows(curve);
  logged.forEach((row, index) => steps.push({ phase: "training", row, index, of: logged.length }));
  if (stored) evals.forEach((row, index) => steps.push({ phase: "evaluation", row, index, of: evals.length }));
  return steps;
}

/** Plays steps: `at` is the step, `shown` the characters written of its completion (Infinity: all). */
export class Player {
  constructor(draw) {
    this.draw = draw; // called with the player after every change
    this.steps = [];
    this.at = 0;
    this.shown = Infinity;
    this.speed = 1;
    this.playing = false;
    this.rest = 0;
    this.still = false;
  }

  load(steps, at = 0) {
    this.steps = steps;
    this.seek(at);
  }

  get step() {
    return this.steps[this.at];
  }

  /** Go to a step, its text written in full. */
  seek(at, shown = Infinity) {
    this.at = Math.max(0, Math.min(at, this.steps.length - 1));
    this.shown = shown;
    this.rest = 0;
    this.draw(this);
  }

  pause() {
    this.playing = false;
    this.draw(this);
  }

  play() {
    if (this.playing || this.steps.length === 0) return;
    if (this.at === this.steps.length - 1 && this.shown === Infinity) this.at = 0;
    this.playing = true;
    this.shown = this.still ? Infinity : 0;
    this.draw(this);
    let last = null;
    const tick = (now) => {
      if (!this.playing) return;
      this.advance(last === null ? 0 : Math.min(now - last, 250));
      last = now;
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  }

  /** Move on by so many milliseconds. */
  advance(milliseconds) {
    const text = this.step.row.completion;
    const time = milliseconds * this.speed;
    if (text !== undefined && this.shown < text.length) {
      this.shown = Math.min(text.length, this.shown + time * 0.075);
      if (this.shown >= text.length) this.shown = Infinity;
      this.draw(this);
      return;
    }
    this.rest += time;
    const pause = text === undefined ? 40 : this.still ? 1600 : 900;
    if (this.rest < pause) return;
    if (this.at >= this.steps.length - 1) {
      this.pause();
      this.onEnd?.();
      return;
    }
    const move = text === undefined ? Math.max(1, Math.floor(this.rest / pause)) : 1;
    let next = this.at;
    for (let i = 0; i < move && next < this.steps.length - 1; i += 1) {
      next += 1;
      if (this.steps[next].row.completion !== undefined) break;
    }
    this.seek(next, this.still || this.steps[next].row.completion === undefined ? Infinity : 0);
  }
}
