// Sampling: the model's distribution, streams fixed by the seed, events as documented.
import assert from "node:assert/strict";
import test from "node:test";
import { generate, randomStream } from "../../page/engine/sampling.js";
import { openModel, PROMPTS } from "./exported.mjs";

const { decoder, header, tokenizer } = openModel();
const prompt = tokenizer.encode(PROMPTS[1]);
const settings = { eos: header.eos, maxNewTokens: 12, temperature: 1, seed: 5 };
const eventsOf = (more = {}, ids = prompt) => [...generate(decoder, ids, { ...settings, ...more })];
const samplesOf = (more) => eventsOf(more).filter(({ kind }) => kind === "sample").sort((a, b) => a.sample - b.sample);

/** Whether counts fit probabilities: Pearson's statistic within five standard deviations of its mean. */
function fits(counts, expected) {
  const statistic = counts.reduce((sum, count, i) => sum + (count - expected[i]) ** 2 / expected[i], 0);
  const freedom = counts.length - 1;
  return statistic < freedom + 5 * Math.sqrt(2 * freedom);
}

test("random numbers are uniform, and fixed by seed and sample", () => {
  const draw = randomStream(7, 0);
  const counts = new Array(50).fill(0);
  for (let i = 0; i < 50000; i += 1) {
    const value = draw();
    assert.ok(value >= 0 && value < 1);
    counts[Math.floor(value * 50)] += 1;
  }
  assert.ok(fits(counts, counts.map(() => 1000)));
  const start = (seed, sample) => Array.from({ length: 4 }, randomStream(seed, sample));
  assert.deepEqual(start(7, 3), start(7, 3));
  const seeds = [0, 1, 2, 2 ** 31, 2 ** 32, 2 ** 40 + 1, -1].flatMap((seed) => [0, 1, 2].map((sample) => start(seed, sample)));
  assert.equal(new Set(seeds.map(String)).size, seeds.length);
  // streams of neighbouring samples share nothing: their first numbers are uniform too
  const first = new Array(20).fill(0);
  for (let sample = 0; sample < 10000; sample += 1) first[Math.floor(randomStream(1, sample)() * 20)] += 1;
  assert.ok(fits(first, first.map(() => 500)));
});

/** The start of the prompt after which the most probable token is least probable. */
function leastCertain() {
  const starts = prompt.map((_, i) => prompt.slice(0, i + 1)).map((open) => ({ open, logits: decoder.prefill(open).logits }));
  const certainty = ({ logits }) => 1 / logits.reduce((sum, logit) => sum + Math.exp(logit - Math.max(...logits)), 0);
  return starts.sort((a, b) => certainty(a) - certainty(b))[0];
}

for (const temperature of [0.5, 1, 2]) {
  test(`draws follow the softmax at temperature ${temperature}`, () => {
    const { open, logits } = leastCertain();
    const most = Math.max(...logits);
    const weights = Array.from(logits, (logit) => Math.exp((logit - most) / temperature));
    const mass = weights.reduce((a, b) => a + b);
    const count = 2000;
    const counts = new Array(weights.length).fill(0);
    for (const event of eventsOf({ samples: count, temperature, maxNewTokens: 1, top: 0 }, open)) if (event.kind === "token") counts[event.token] += 1;
    const expected = weights.map((weight) => (weight / mass) * count);
    const common = expected.map((_, token) => token).filter((token) => expected[token] >= 5);
    assert.ok(common.length >= 2);
    const rest = (values) => values.reduce((a, b) => a + b) - common.reduce((sum, token) => sum + values[token], 0);
    assert.ok(fits([...common.map((t) => counts[t]), rest(counts)], [...common.map((t) => expected[t]), rest(expected) + 1e-9]));
  });
}

test("the same seed draws the same, fewer samples are the first of more, and samples differ", () => {
  const five = samplesOf({ samples: 5, temperature: 2 });
  assert.deepEqual(samplesOf({ samples: 5, temperature: 2 }), five);
  assert.deepEqual(samplesOf({ samples: 2, temperature: 2 }), five.slice(0, 2));
  assert.notDeepEqual(samplesOf({ samples: 5, temperature: 2, seed: 6 }), five);
  assert.equal(new Set(five.map(({ tokens }) => String(tokens))).size, 5);
});

test("a sample beside others is what it is alone, and what a fresh prefill of its text gives", () => {
  const [alone] = samplesOf({ samples: 1, temperature: 0 });
  for (const { tokens } of samplesOf({ samples: 6, temperature: 0 })) assert.deepEqual(tokens, alone.tokens);
  const written = [];
  for (const token of alone.tokens) {
    const { logits } = decoder.prefill([...prompt, ...written]);
    assert.equal(token, logits.indexOf(Math.max(...logits)));
    written.push(token);
  }
  assert.ok(written.length > 2);
});

test("events tell probabilities and alternatives under the model itself", () => {
  const events = eventsOf({ samples: 3, temperature: 0.7, top: 4 });
  assert.deepEqual(events[0], { kind: "prefill", tokens: prompt.length });
  const first = events.find(({ kind }) => kind === "token");
  const { logits } = decoder.prefill(prompt);
  const mass = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0));
  for (const event of events.filter(({ kind, position }) => kind === "token" && position === 0)) {
    assert.ok(Math.abs(event.logprob - (logits[event.token] - mass)) < 1e-5);
    assert.ok(Math.abs(event.probability - Math.exp(event.logprob)) < 1e-12);
  }
  const ranked = Array.from(logits.keys()).sort((a, b) => logits[b] - logits[a] || a - b).slice(0, 4);
  assert.deepEqual(first.top.map(({ token }) => token), ranked);
  first.top.forEach(({ token, probability }) => assert.ok(Math.abs(probability - Math.exp(logits[token] - mass)) < 1e-6));
  for (const sample of [0, 1, 2]) {
    const tokens = events.filter((event) => event.kind === "token" && event.sample === sample);
    const end = events.find((event) => event.kind === "sample" && event.sample === sample);
    assert.deepEqual(tokens.map(({ position }) => position), tokens.map((_, i) => i));
    const ended = end.end === "eos";
    assert.equal(tokens.length, end.tokens.length + (ended ? 1 : 0));
    assert.ok(ended ? header.eos.includes(tokens.at(-1).token) : tokens.length === 12);
  }
});

test("limits are kept and nonsense is refused", () => {
  const long = eventsOf({ maxNewTokens: 3, temperature: 3, samples: 4 });
  assert.ok(long.filter(({ kind }) => kind === "token").length <= 12);
  assert.ok(long.some(({ end }) => end === "length"));
  for (const bad of [{ samples: 0 }, { maxNewTokens: 0 }, { temperature: -1 }, { temperature: NaN }]) assert.throws(() => eventsOf(bad), /out of range/);
  assert.throws(() => eventsOf({}, []), /empty prompt/);
});
