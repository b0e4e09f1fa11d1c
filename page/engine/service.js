// What the worker does: loads models and generates. Apart from worker.js, so that it runs in Node too.
import { fetchBytes, keepBytes, sha256Of } from "./fetching.js";
import { readHeader, readModelFile } from "./format.js";
import { Decoder } from "./model.js";
import { generate } from "./sampling.js";
import { Tokenizer } from "./tokenizer.js";

const TURN = 12; // milliseconds of work before messages are looked at

/** Lets waiting messages in; a timer would be held back by the browser. */
const breathe = () => new Promise((resolve) => {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    port1.close();
    resolve();
  };
  port2.postMessage(0);
});

const now = () => performance.now() / 1000;

export class Service {
  /** `post(message)` sends to the page; `base` is what relative addresses are relative to. */
  constructor(post, base) {
    this.post = post;
    this.base = base;
    this.models = new Map(); // address -> promise of {decoder, tokenizer, header, ready}
    this.tokenizers = new Map(); // hash -> Tokenizer
    this.line = Promise.resolve(); // generations wait for each other
    this.cancelled = new Set();
    this.waiting = new Set(); // generations asked for and not done
  }

  /** One message from the page; page/engine/README.md lists them. Resolves when it is dealt with. */
  async receive(message) {
    const { type, id } = message;
    try {
      if (type === "load") await this.#load(message);
      else if (type === "generate") await this.#enqueue(message);
      else if (type === "cancel") this.waiting.has(id) && this.cancelled.add(id);
      else if (type === "unload") this.models.delete(message.model);
      else throw new Error(`unknown message ${JSON.stringify(type)}`);
    } catch (error) {
      this.post({ type: "error", id, message: error instanceof Error ? error.message : String(error) });
    }
  }

  async #load({ id, url, tokenizer = "tokenizer.json", sha256 = "" }) {
    const address = new URL(url, this.base).href;
    if (!this.models.has(address)) {
      const loading = this.#open(address, new URL(tokenizer, address).href, sha256, id);
      this.models.set(address, loading);
      loading.catch(() => this.models.delete(address));
    }
    const { ready } = await this.models.get(address);
    if (sha256 && ready.sha256 !== sha256) throw new Error(`${address}: loaded with another SHA-256 than ${sha256}; unload it first`);
    this.post({ type: "ready", id, model: address, ...ready });
  }

  async #open(address, tokenizerAddress, expected, id, fresh = false) {
    const began = now();
    const onProgress = (received, total, cached) => this.post({ type: "progress", id, received, total, cached });
    const { buffer, cached } = await fetchBytes(address, { sha256: expected, fresh, onProgress });
    let file;
    let measured;
    try {
      const { payload } = readHeader(buffer);
      file = readModelFile(buffer);
      measured = await sha256Of(new Uint8Array(buffer, payload));
      for (const wanted of [file.header.sha256, expected]) {
        if (wanted && measured && measured !== wanted) throw new Error(`SHA-256 is ${measured}, not ${wanted}`);
      }
      if (expected && file.header.sha256 !== expected) throw new Error(`SHA-256 is ${file.header.sha256}, not ${expected}`);
    } catch (error) {
      if (cached) return this.#open(address, tokenizerAddress, expected, id, true); // kept, but not what it should be
      throw new Error(`${address}: ${error.message}`);
    }
    const { header, tensors } = file;
    const decoder = new Decoder(header.decoder, tensors);
    const reader = await this.#tokenizer(tokenizerAddress, header);
    if (expected && !cached) await keepBytes(address, expected, buffer);
    const ready = {
      header, sha256: header.sha256, verified: measured !== null, parameters: header.parameters,
      bytes: buffer.byteLength, seconds: now() - began, cached,
    };
    return { decoder, tokenizer: reader, header, ready };
  }

  /** The tokenizer that a model was trained with: one whose file has another hash is refused. */
  async #tokenizer(address, header) {
    const wanted = header.tokenizer.sha256;
    if (this.tokenizers.has(wanted)) return this.tokenizers.get(wanted);
    const { buffer } = await fetchBytes(address);
    const measured = await sha256Of(buffer);
    if (measured && measured !== wanted) throw new Error(`${address}: not the tokenizer of this model (SHA-256 ${measured}, not ${wanted})`);
    const tokenizer = new Tokenizer(JSON.parse(new TextDecoder().decode(buffer)));
    if (tokenizer.pieces.length !== header.decoder.vocab_size) throw new Error(`${address}: ${tokenizer.pieces.length} pieces, but the model has ${header.decoder.vocab_size}`);
    this.tokenizers.set(wanted, tokenizer);
    return tokenizer;
  }

  #enqueue(message) {
    const { id } = message;
    if (this.waiting.has(id)) throw new Error("a generation with this id is under way");
    this.waiting.add(id);
    const turn = this.line.then(() => this.#generate(message)).finally(() => {
      this.waiting.delete(id);
      this.cancelled.delete(id);
    });
    this.line = turn.catch(() => {});
    return turn;
  }

  async #generate({ id, model, prompt, samples = 1, temperature = 0, seed = 0, maxNewTokens = 64, top = 5 }) {
    if (!this.models.has(model)) throw new Error(`${model}: not loaded`);
    const { decoder, tokenizer, header } = await this.models.get(model);
    await breathe(); // a cancel that came with the request is seen before the work begins
    const ids = tokenizer.encode(prompt);
    const room = header.config.max_position_embeddings ?? 2048;
    if (ids.length + maxNewTokens > room) throw new Error(`a prompt of ${ids.length} tokens and ${maxNewTokens} new ones are more than the model's ${room}`);
    const piece = (token) => tokenizer.pieces[token];
    const rows = Array.from({ length: samples }, () => ({ stream: tokenizer.stream(), text: "", tokens: 0, ended: false }));
    const finish = (sample, end) => {
      const row = rows[sample];
      row.ended = true;
      row.text += row.stream.end();
      this.post({ type: "sample", id, sample, text: row.text, tokens: row.tokens, end });
    };
    const began = now();
    let [prefilled, rested, tokens] = [began, began, 0];
    if (!this.cancelled.has(id)) {
      for (const event of generate(decoder, ids, { samples, temperature, seed, maxNewTokens, top, eos: header.eos })) {
        if (event.kind === "prefill") {
          prefilled = now();
          this.post({ type: "start", id, promptTokens: ids.map((token) => ({ id: token, text: piece(token) })), prefillSeconds: prefilled - began });
        } else if (event.kind === "token") {
          const { kind, ...told } = event;
          const row = rows[event.sample];
          const text = row.stream.push(event.token);
          row.text += text;
          row.tokens += 1;
          tokens += 1;
          this.post({ type: "token", id, ...told, piece: piece(event.token), text, top: event.top.map((one) => ({ ...one, piece: piece(one.token) })) });
        } else finish(event.sample, event.end);
        if ((now() - rested) * 1000 > TURN) {
          await breathe();
          rested = now();
        }
        if (this.cancelled.has(id)) break;
      }
    }
    rows.forEach((row, sample) => row.ended || finish(sample, "cancelled"));
    const seconds = now() - prefilled;
    this.post({
      type: "done", id, samples: rows.map((row) => row.text), tokens, seconds, tokensPerSecond: tokens / Math.max(seconds, 1e-6),
      prefillSeconds: prefilled - began, cancelled: this.cancelled.has(id),
    });
  }
}
