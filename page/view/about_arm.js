// What an arm is, from its row in the runs table.

/** "hard:0.5+easy:0.5" as "50 % hard questions, 50 % easy questions". */
const mixed = (store, mixture) => mixture.split("+").map((part) => {
  const [pool, share] = part.split(":");
  return `${Math.round(100 * Number(share))}\u00a0% ${store.poolName(pool)}`;
}).join(", ");

/** One sentence. `learned`: what an arm without a parent learns, in the study's words. */
export function aboutArm(store, id, learned = "learns the texts of the study") {
  const arm = store.arm.get(id);
  if (!arm) return "";
  const from = arm.parent ? `starts from ${store.armName(arm.parent)}` : "starts from nothing";
  const prompts = arm.parent && (arm.mixture ? mixed(store, arm.mixture) : arm.pool && store.poolName(arm.pool));
  const data = prompts ? `prompts: ${prompts}` : learned;
  const sampled = arm.winners ? `; ${arm.k} samples a prompt, reward ${arm.reward}${arm.selection ? `, selection: ${arm.selection}` : ""}` : "";
  return `${arm.method.toUpperCase()}, ${from}; ${data}${sampled}; ${arm.steps} optimiser steps${arm.contaminated ? "; contaminated: trained on evaluation questions" : ""}.`;
}
