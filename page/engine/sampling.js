// Greedy and temperature sampling from one shared prefill, with a random stream of its own for every sample.

/** Uniform numbers in [0, 1), 53 bits each, fixed by (seed, sample): sfc32 (Doty-Humphrey, PractRand). */
export function randomStream(seed, sample) {
  let [a, b, c, d] = [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0, sample >>> 0, 1];
  const next = () => {
    const sum = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  for (let i = 0; i < 15; i += 1) next();
  return () => ((next() >>> 5) * 2 ** 26 + (next() >>> 6)) / 2 ** 53;
}

/** Log of the sum of exponentials of row `row`. */
function logMass(logits, start, size) {
  let most = -Infinity;
  for (let i = start; i < start + size; i += 1) if (logits[i] > most) most = logits[i];
  let sum = 0;
  for (let i = start; i < start + size; i += 1) sum += Math.exp(logits[i] - most);
  return most + Math.log(sum);
}

/** The `count` most probable tokens of a row, most probable first; equal ones in order of their ids. */
function mostProbable(logits, start, size, count, mass) {
  const best = [];
  for (let token = 0; token < size; token += 1) {
    const logit = logits[start + token];
    if (best.length === count && logit <= logits[start + best[count - 1]]) continue;
    let at = best.length;
    while (at > 0 && logits[start + best[at - 1]] < logit) at -= 1;
    best.splice(at, 0, token);
    if (best.length > count) best.pop();
  }
  return best.map((token) => ({ token, probability: Math.exp(logits[start + token] - mass) }));
}

/** The next token of a row: the first of the most likely, or by inverse distribution function with one draw. */
function choose(logits, start, size, temperature, draw) {
  let best = 0;
  for (let token = 1; token < size; token += 1) if (logits[start + token] > logits[start + best]) best = token;
  if (temperature === 0) return best;
  const most = logits[start + best];
  let mass = 0;
  for (let token = 0; token < size; token += 1) mass += Math.exp((logits[start + token] - most) / temperature);
  let left = draw() * mass;
  for (let token = 0; token < size; token += 1) {
    left -= Math.exp((logits[start + token] - most) / temperature);
    if (left < 0) return token;
  }
  return best; // only where rounding left a crumb
}

/**
 * Samples that go on from `ids`, one token each per step; yields events (page/engine/README.md), so a caller may
 * pause or stop between any two. Probabilities are the model's own (temperature 1), whatever the temperature.
 */
export function* generate(decoder, ids, { samples = 1, temperature = 0, seed = 0, maxNewTokens = 64, top = 5, eos }) {
  if (!(samples >= 1 && maxNewTokens >= 1 && temperature >= 0)) throw new Error("generate: samples, maxNewTokens or temperature out of range");
  const size = decoder.settings.vocab_size;
  const prefix = decoder.prefill(ids);
  yield { kind: "prefill", tokens: ids.length };
  const ends = new Set(eos);
  let active = Array.from({ length: samples }, (_, sample) => (
    { sample, tokens: [], branch: decoder.branch(prefix, maxNewTokens), draw: randomStream(seed, sample), start: 0 }));
  let { logits } = prefix;
  while (active.length > 0) {
    const going = [];
    for (const row of active) {
      const mass = logMass(logits, row.start, size);
      const token = choose(logits, row.start, size, temperature, row.draw);
      const logprob = logits[row.start + token] - mass;
      const position = row.position ?? 0;
      row.position = position + 1;
      yield {
        kind: "token", sample: row.sample, position, token, logprob, probability: Math.exp(logprob),
        top: mostProbable(logits, row.start, size, top, mass),
      };
      const ended = ends.has(token);
      if (!ended) row.tokens.push(token);
      if (ended || row.position === maxNewTokens) {
        yield { kind: "sample", sample: row.sample, tokens: row.tokens, end: ended ? "eos" : "length" };
      } else going.push(row);
    }
    active = going;
    if (active.length === 0) return;
    logits = decoder.step(active.map((row) => row.branch), active.map((row) => row.tokens.at(-1)));
    active.forEach((row, r) => { row.start = r * size; });
  }
}
