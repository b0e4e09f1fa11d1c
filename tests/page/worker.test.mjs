// The worker's messages, through the page's own client, over HTTP.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { Engine } from "../../page/engine/client.js";
import { generate } from "../../page/engine/sampling.js";
import { Service } from "../../page/engine/service.js";
import { FOLDER, openModel, PROMPTS } from "./exported.mjs";

const files = new Map(["model.bin", "tokenizer.json"].map((name) => [`/${name}`, readFileSync(join(FOLDER, name))]));
const damaged = Buffer.from(files.get("/model.bin"));
damaged[damaged.length - 9] ^= 1;
files.set("/damaged.bin", damaged);
files.set("/other/tokenizer.json", Buffer.from(JSON.stringify({ ...JSON.parse(files.get("/tokenizer.json")), unk: 3 })));
let asked = [];
const server = createServer((request, response) => {
  const [path] = request.url.split("?");
  asked.push(path);
  const body = files.get(path);
  response.writeHead(body ? 200 : 404, body ? { "content-length": body.length } : {});
  response.end(body);
});
let origin;
before(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  origin = `http://127.0.0.1:${server.address().port}/`;
});
after(() => server.close());

const { header, decoder, tokenizer } = openModel();

/** A worker in this thread: messages are copied and arrive later, as between a page and its worker. */
class Inside {
  constructor() {
    const service = new Service((message) => setImmediate(() => this.onmessage({ data: structuredClone(message) })), origin);
    this.postMessage = (message) => setImmediate(() => service.receive(structuredClone(message)));
    this.terminate = () => {};
  }
}
const start = () => new Engine(new Inside());
const at = (name) => new URL(name, origin).href;

test("a model loads with progress, once, and says what it is", async () => {
  asked = [];
  const engine = start();
  const progress = [];
  const model = await engine.load(at("model.bin"), { onProgress: (told) => progress.push(told) });
  const { length } = files.get("/model.bin");
  assert.deepEqual([progress[0].received, progress.at(-1).received, progress.at(-1).total], [0, length, length]);
  progress.slice(1).forEach(({ received }, i) => assert.ok(received > progress[i].received));
  assert.deepEqual([model.model, model.sha256, model.verified, model.cached], [at("model.bin"), header.sha256, true, false]);
  assert.deepEqual([model.bytes, model.parameters, model.header], [length, header.parameters, header]);
  const [again, third] = await Promise.all([engine.load(at("model.bin")), engine.load(at("model.bin"), { sha256: header.sha256 })]);
  assert.deepEqual([again, third], [model, model]);
  assert.deepEqual(asked, ["/model.bin", "/tokenizer.json"]);
});

test("files that are missing, damaged or another's are refused by name, and can be asked for again", async () => {
  const engine = start();
  await assert.rejects(engine.load(at("none.bin")), /none\.bin: the server answers 404/);
  await assert.rejects(engine.load(at("damaged.bin")), /damaged\.bin: SHA-256 is [0-9a-f]{64}, not/);
  await assert.rejects(engine.load(at("tokenizer.json")), /tokenizer\.json: not a model file/);
  await assert.rejects(engine.load(at("model.bin"), { sha256: "0".repeat(64) }), /model\.bin: SHA-256 is/);
  await assert.rejects(engine.load(at("model.bin"), { tokenizer: at("other/tokenizer.json") }), /not the tokenizer of this model/);
  await assert.rejects(engine.generate({ model: at("model.bin"), prompt: "x" }).done, /not loaded/);
  assert.equal((await engine.load(at("model.bin"))).sha256, header.sha256);
  await assert.rejects(engine.load(at("model.bin"), { sha256: "0".repeat(64) }), /loaded with another SHA-256/);
});

test("what is told token by token is what is sampled", async () => {
  const engine = start();
  const { model } = await engine.load(at("model.bin"));
  for (const settings of [{}, { samples: 4, temperature: 2, seed: 9, top: 3, maxNewTokens: 10 }]) {
    const [tokens, samples] = [[], []];
    let started;
    const run = engine.generate({
      model, prompt: PROMPTS[2], ...settings, onStart: (told) => { started = told; },
      onToken: (told) => tokens.push(told), onSample: (told) => samples.push(told),
    });
    const done = await run.done;
    const ids = tokenizer.encode(PROMPTS[2]);
    assert.deepEqual(started.promptTokens, ids.map((id) => ({ id, text: tokenizer.pieces[id] })));
    const events = [...generate(decoder, ids, { eos: header.eos, ...settings })];
    const expected = events.filter(({ kind }) => kind === "sample").sort((a, b) => a.sample - b.sample);
    assert.deepEqual(done.samples, expected.map((sample) => tokenizer.decode(sample.tokens)));
    assert.equal(done.tokens, events.filter(({ kind }) => kind === "token").length);
    assert.equal(done.cancelled, false);
    assert.ok(done.tokensPerSecond > 0 && done.prefillSeconds > 0);
    for (const { sample, text, end, tokens: count } of samples) {
      const own = tokens.filter((told) => told.sample === sample);
      assert.ok(text.startsWith(own.map((told) => told.text).join("")));
      assert.deepEqual([own.length, end, text], [count, expected[sample].end, done.samples[sample]]);
      own.forEach((told) => assert.equal(told.piece, tokenizer.pieces[told.token]));
      own.forEach((told) => assert.equal(told.top.length, settings.top ?? 5));
      own.forEach((told) => told.top.forEach((one) => assert.equal(one.piece, tokenizer.pieces[one.token])));
    }
  }
});

test("a generation can be cancelled while it waits and while it runs; the next one goes on", async () => {
  const engine = start();
  const { model } = await engine.load(at("model.bin"));
  const long = { model, prompt: PROMPTS[0], samples: 64, temperature: 5, maxNewTokens: 60 };
  const whole = [...generate(decoder, tokenizer.encode(long.prompt), { eos: header.eos, ...long })].filter(({ kind }) => kind === "token");
  let seen = 0;
  const running = engine.generate({ ...long, onToken: () => { seen += 1; if (seen === 1) running.cancel(); } });
  const waiting = engine.generate({ ...long, onToken: () => assert.fail("a cancelled generation wrote") });
  waiting.cancel();
  const next = engine.generate({ model, prompt: PROMPTS[0] });
  const [first, second, third] = await Promise.all([running.done, waiting.done, next.done]);
  assert.ok(first.cancelled && first.tokens > 0 && first.tokens < whole.length);
  assert.deepEqual([second.cancelled, second.tokens, third.cancelled], [true, 0, false]);
  assert.ok(third.samples[0].length > 0);
  running.cancel(); // too late: nothing happens
});

test("a prompt without room, an unknown message and a closed engine are errors", async () => {
  const engine = start();
  const { model } = await engine.load(at("model.bin"));
  await assert.rejects(engine.generate({ model, prompt: "the ".repeat(3000) }).done, /are more than the model's 2048/);
  await assert.rejects(engine.generate({ model, prompt: "" }).done, /empty prompt/);
  await assert.rejects(engine.generate({ model, prompt: "x", temperature: -1 }).done, /out of range/);
  const told = [];
  await new Service((message) => told.push(message), origin).receive({ type: "sing", id: 1 });
  assert.deepEqual(told, [{ type: "error", id: 1, message: 'unknown message "sing"' }]);
  engine.unload(model);
  await assert.rejects(engine.generate({ model, prompt: "x" }).done, /not loaded/);
  const open = engine.load(at("none.bin"));
  engine.close();
  await assert.rejects(open, /the engine was closed/);
});

test("a file whose hash is known is kept, and a kept file that is wrong is fetched anew", async (context) => {
  const kept = new Map(); // what a browser's Cache does, as far as the engine uses it
  const cache = {
    match: async (key) => kept.get(key)?.clone(),
    put: async (key, response) => { kept.set(key, response); },
    delete: async (key) => kept.delete(key.url ?? key),
    keys: async () => Array.from(kept.keys(), (url) => ({ url })),
  };
  globalThis.caches = { open: async () => cache };
  context.after(() => { delete globalThis.caches; });
  const load = async () => (await start().load(at("model.bin"), { sha256: header.sha256 })).cached;
  asked = [];
  await start().load(at("model.bin"));
  assert.equal(kept.size, 0); // without a hash from the page nothing is kept: it could be another tomorrow
  kept.set(`${at("model.bin")}?sha256=${"0".repeat(64)}`, new Response("an older build"));
  assert.deepEqual([await load(), await load(), kept.size], [false, true, 1]);
  assert.equal(asked.filter((path) => path === "/model.bin").length, 2);
  kept.set(Array.from(kept.keys())[0], new Response(damaged));
  assert.deepEqual([await load(), await load()], [false, true]);
});
