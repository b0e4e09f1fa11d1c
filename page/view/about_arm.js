// What an arm is, from its row in the runs table.

/** One sentence. `learned`: what an arm without a parent learns, in the study's words. */
export function aboutArm(arm, learned = "learns the texts of the study") {
  if (!arm) return "";
  const from = arm.parent ? `starts from ${arm.parent}` : "starts from nothing";
  const prompts = arm.parent && (arm.mixture || arm.pool);
  const data = prompts ? `prompts: ${prompts}` : learned;
  const sampled = arm.winners ? `; ${arm.k} samples a prompt, reward ${arm.reward}, selection ${arm.selection}` : "";
  return `${arm.method.toUpperCase()}, ${from}; ${data}${sampled}; ${arm.steps} optimiser steps${arm.contaminated ? "; contaminated: trained on evaluation questions" : ""}.`;
}
