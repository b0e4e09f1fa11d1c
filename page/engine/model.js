// The forward pass of the Llama family (llama, smollm3, qwen2) with a key-value cache, as
// scripts/trap/platforms/torch/decoder.py computes it: RMSNorm, grouped-query attention, rotary positions switched
// per layer, SiLU. Sums run in float64 and one by one, so a row's result does not depend on the rows beside it.

/** The outputs from `i` on of one row, one at a time. */
function remainder(out, x, r, w, outputs, inputs, i) {
  for (; i < outputs; i += 1) {
    let s = 0;
    for (let j = 0, k = i * inputs, a = r * inputs; j < inputs; j += 1) s += w[k + j] * x[a + j];
    out[r * outputs + i] = s;
  }
}

/** One row, eight outputs at a time: independent sums hide the latency of an addition. */
function oneRow(out, x, r, w, outputs, inputs) {
  const a = r * inputs;
  let i = 0;
  for (let o = r * outputs; i + 7 < outputs; i += 8, o += 8) {
    const w0 = i * inputs, w1 = w0 + inputs, w2 = w1 + inputs, w3 = w2 + inputs;
    const w4 = w3 + inputs, w5 = w4 + inputs, w6 = w5 + inputs, w7 = w6 + inputs;
    let s0 = 0, s1 = 0, s2 = 0, s3 = 0, s4 = 0, s5 = 0, s6 = 0, s7 = 0;
    for (let j = 0; j < inputs; j += 1) {
      const p = x[a + j];
      s0 += w[w0 + j] * p; s1 += w[w1 + j] * p; s2 += w[w2 + j] * p; s3 += w[w3 + j] * p;
      s4 += w[w4 + j] * p; s5 += w[w5 + j] * p; s6 += w[w6 + j] * p; s7 += w[w7 + j] * p;
    }
    out[o] = s0; out[o + 1] = s1; out[o + 2] = s2; out[o + 3] = s3;
    out[o + 4] = s4; out[o + 5] = s5; out[o + 6] = s6; out[o + 7] = s7;
  }
  remainder(out, x, r, w, outputs, inputs, i);
}

/** Four rows, two outputs at a time: each weight is read once for four rows. */
function fourRows(out, x, r, w, outputs, inputs) {
  const a = r * inputs, b = a + inputs, c = b + inputs, d = c + inputs;
  const oa = r * outputs, ob = oa + outputs, oc = ob + outputs, od = oc + outputs;
  let i = 0;
  for (; i + 1 < outputs; i += 2) {
    const w0 = i * inputs, w1 = w0 + inputs;
    let s0 = 0, s1 = 0, s2 = 0, s3 = 0, t0 = 0, t1 = 0, t2 = 0, t3 = 0;
    for (let j = 0; j < inputs; j += 1) {
      const u = w[w0 + j], v = w[w1 + j], p = x[a + j], q = x[b + j], y = x[c + j], z = x[d + j];
      s0 += u * p; s1 += u * q; s2 += u * y; s3 += u * z;
      t0 += v * p; t1 += v * q; t2 += v * y; t3 += v * z;
    }
    out[oa + i] = s0; out[ob + i] = s1; out[oc + i] = s2; out[od + i] = s3;
    out[oa + i + 1] = t0; out[ob + i + 1] = t1; out[oc + i + 1] = t2; out[od + i + 1] = t3;
  }
  for (let k = 0; k < 4; k += 1) remainder(out, x, r + k, w, outputs, inputs, i);
}

/** out[r, i] = sum_j w[i, j] x[r, j] (+ bias[i]) for `rows` rows; w is (outputs, inputs). */
function linear(out, x, rows, w, outputs, inputs, bias) {
  let r = 0;
  for (; r + 3 < rows; r += 4) fourRows(out, x, r, w, outputs, inputs);
  for (; r < rows; r += 1) oneRow(out, x, r, w, outputs, inputs);
  if (bias) for (let row = 0, o = 0; row < rows; row += 1) for (let i = 0; i < outputs; i += 1, o += 1) out[o] += bias[i];
}

/** out[r] = x[r] / rms(x[r]) * weight. */
function rmsNorm(out, x, rows, weight, eps) {
  const width = weight.length;
  for (let r = 0, o = 0; r < rows; r += 1, o += width) {
    let sum = 0;
    for (let j = 0; j < width; j += 1) sum += x[o + j] * x[o + j];
    const scale = 1 / Math.sqrt(sum / width + eps);
    for (let j = 0; j < width; j += 1) out[o + j] = x[o + j] * scale * weight[j];
  }
}

function add(x, y, count) {
  for (let i = 0; i < count; i += 1) x[i] += y[i];
}

/** Keys and values of some positions, per layer: (positions, kv_heads * head_dim). */
class Cache {
  constructor(layers, positions, width) {
    this.keys = Array.from({ length: layers }, () => new Float32Array(positions * width));
    this.values = Array.from({ length: layers }, () => new Float32Array(positions * width));
    this.length = 0; // positions that hold something
    this.room = positions;
  }
}

export class Decoder {
  /** `settings`: header.decoder of a model file; `tensors`: Map name -> {shape, data}. Throws where one is missing. */
  constructor(settings, tensors) {
    this.settings = settings;
    const { layers, hidden, heads, kv_heads, head_dim, intermediate, vocab_size, theta, tied } = settings;
    const take = (name, ...shape) => {
      const tensor = tensors.get(name);
      if (!tensor) throw new Error(`model: weight ${name} is missing`);
      if (tensor.shape.join() !== shape.join()) throw new Error(`model: weight ${name} is ${tensor.shape.join("x")}, not ${shape.join("x")}`);
      return tensor.data;
    };
    const bias = (name, size) => (tensors.has(name) ? take(name, size) : null);
    const inner = heads * head_dim;
    this.kvWidth = kv_heads * head_dim;
    this.embedding = take("model.embed_tokens.weight", vocab_size, hidden);
    this.head = tied ? this.embedding : take("lm_head.weight", vocab_size, hidden);
    this.norm = take("model.norm.weight", hidden);
    this.blocks = Array.from({ length: layers }, (_, index) => {
      const at = `model.layers.${index}.`;
      const projection = (name, rows, columns) => take(`${at}${name}_proj.weight`, rows, columns);
      return {
        rope: Boolean(settings.rope[index]),
        normIn: take(`${at}input_layernorm.weight`, hidden),
        normMid: take(`${at}post_attention_layernorm.weight`, hidden),
        q: projection("self_attn.q", inner, hidden),
        k: projection("self_attn.k", this.kvWidth, hidden),
        v: projection("self_attn.v", this.kvWidth, hidden),
        qBias: bias(`${at}self_attn.q_proj.bias`, inner),
        kBias: bias(`${at}self_attn.k_proj.bias`, this.kvWidth),
        vBias: bias(`${at}self_attn.v_proj.bias`, this.kvWidth),
        o: projection("self_attn.o", hidden, inner),
        gate: projection("mlp.gate", intermediate, hidden),
        up: projection("mlp.up", intermediate, hidden),
        down: projection("mlp.down", hidden, intermediate),
      };
    });
    this.inverse = Array.from({ length: head_dim / 2 }, (_, i) => Math.fround(theta ** Math.fround((-2 * i) / head_dim)));
    this.rows = 0;
  }

  /** Room for the activations of so many rows. */
  #reserve(rows) {
    if (rows <= this.rows) return;
    const { hidden, heads, head_dim, intermediate } = this.settings;
    const room = (width) => new Float32Array(rows * width);
    this.x = room(hidden);
    this.h = room(hidden);
    this.q = room(heads * head_dim);
    this.k = room(this.kvWidth);
    this.v = room(this.kvWidth);
    this.attended = room(heads * head_dim);
    this.gate = room(intermediate);
    this.up = room(intermediate);
    this.rows = rows;
  }

  /** Rotary positions on `heads` heads from offset `at`, half-split as in Llama; angles in float32 as in PyTorch. */
  #rotate(x, at, heads, position) {
    const half = this.inverse.length;
    for (let i = 0; i < half; i += 1) {
      const angle = Math.fround(position * this.inverse[i]);
      const cos = Math.cos(angle), sin = Math.sin(angle);
      for (let head = 0, o = at + i; head < heads; head += 1, o += 2 * half) {
        const left = x[o], right = x[o + half];
        x[o] = left * cos - right * sin;
        x[o + half] = right * cos + left * sin;
      }
    }
  }

  /** Attention of row `r` over the first `counts[i]` positions of each cache, into `attended`. */
  #attend(r, layer, caches, counts) {
    const { heads, kv_heads, head_dim: dim } = this.settings;
    const total = counts.reduce((sum, count) => sum + count, 0);
    if (!this.scores || this.scores.length < total) this.scores = new Float64Array(2 * total);
    const { scores, q, attended, kvWidth } = this;
    const scale = 1 / Math.sqrt(dim);
    for (let head = 0; head < heads; head += 1) {
      const from = (r * heads + head) * dim;
      const offset = Math.floor((head * kv_heads) / heads) * dim;
      let most = -Infinity;
      let at = 0;
      for (let c = 0; c < caches.length; c += 1) {
        const keys = caches[c].keys[layer];
        for (let p = 0, o = offset; p < counts[c]; p += 1, o += kvWidth) {
          let sum = 0;
          for (let j = 0; j < dim; j += 1) sum += q[from + j] * keys[o + j];
          sum *= scale;
          scores[at++] = sum;
          if (sum > most) most = sum;
        }
      }
      let mass = 0;
      for (let p = 0; p < total; p += 1) mass += scores[p] = Math.exp(scores[p] - most);
      for (let j = 0; j < dim; j += 1) attended[from + j] = 0;
      at = 0;
      for (let c = 0; c < caches.length; c += 1) {
        const values = caches[c].values[layer];
        for (let p = 0, o = offset; p < counts[c]; p += 1, o += kvWidth) {
          const share = scores[at++] / mass;
          for (let j = 0; j < dim; j += 1) attended[from + j] += share * values[o + j];
        }
      }
    }
  }

  /** Queries, keys and values of `rows` rows of x; row r stands at positions[r]. */
  #project(block, rows, positions) {
    const { hidden, heads, kv_heads, head_dim, eps } = this.settings;
    const inner = heads * head_dim;
    rmsNorm(this.h, this.x, rows, block.normIn, eps);
    linear(this.q, this.h, rows, block.q, inner, hidden, block.qBias);
    linear(this.k, this.h, rows, block.k, this.kvWidth, hidden, block.kBias);
    linear(this.v, this.h, rows, block.v, this.kvWidth, hidden, block.vBias);
    if (!block.rope) return;
    for (let r = 0; r < rows; r += 1) {
      this.#rotate(this.q, r * inner, heads, positions[r]);
      this.#rotate(this.k, r * this.kvWidth, kv_heads, positions[r]);
    }
  }

  /** Output projection and MLP of `rows` rows, added to x. */
  #finish(block, rows) {
    const { hidden, heads, head_dim, intermediate, eps } = this.settings;
    linear(this.h, this.attended, rows, block.o, hidden, heads * head_dim);
    add(this.x, this.h, rows * hidden);
    rmsNorm(this.h, this.x, rows, block.normMid, eps);
    linear(this.gate, this.h, rows, block.gate, intermediate, hidden);
    linear(this.up, this.h, rows, block.up, intermediate, hidden);
    const { gate, up } = this;
    for (let i = 0; i < rows * intermediate; i += 1) gate[i] = (gate[i] / (1 + Math.exp(-gate[i]))) * up[i];
    linear(this.h, gate, rows, block.down, hidden, intermediate);
    add(this.x, this.h, rows * hidden);
  }

  #embed(ids) {
    const { hidden } = this.settings;
    ids.forEach((id, r) => this.x.set(this.embedding.subarray(id * hidden, (id + 1) * hidden), r * hidden));
  }

  /** Logits of the first `rows` rows of x: (rows, vocabulary). */
  #logits(rows) {
    const { hidden, vocab_size, eps } = this.settings;
    rmsNorm(this.h, this.x, rows, this.norm, eps);
    const logits = new Float32Array(rows * vocab_size);
    linear(logits, this.h, rows, this.head, vocab_size, hidden);
    return logits;
  }

  /** Keys and values of a prompt, and the logits after it (its last token's row alone, unless `all`). */
  prefill(ids, { all = false } = {}) {
    const count = ids.length;
    if (count === 0) throw new Error("model: an empty prompt");
    const { layers, hidden, heads, head_dim } = this.settings;
    const inner = heads * head_dim;
    const prefix = new Cache(layers, count, this.kvWidth);
    const positions = Array.from(ids, (_, p) => p);
    this.#reserve(count);
    this.#embed(ids);
    let rows = count;
    this.blocks.forEach((block, layer) => {
      this.#project(block, count, positions);
      prefix.keys[layer].set(this.k.subarray(0, count * this.kvWidth));
      prefix.values[layer].set(this.v.subarray(0, count * this.kvWidth));
      if (layer === layers - 1 && !all) {
        this.x.copyWithin(0, (count - 1) * hidden, count * hidden);
        this.q.copyWithin(0, (count - 1) * inner, count * inner);
        rows = 1;
      }
      for (let r = 0; r < rows; r += 1) this.#attend(r, layer, [prefix], [count - rows + r + 1]);
      this.#finish(block, rows);
    });
    prefix.length = count;
    prefix.logits = this.#logits(rows);
    return prefix;
  }

  /** A sample that goes on from a prompt: room for its own tokens; the prompt's keys and values are shared. */
  branch(prefix, room) {
    const own = new Cache(this.settings.layers, room, this.kvWidth);
    own.prefix = prefix;
    return own;
  }

  /** One more token on each branch; logits after it: (branches, vocabulary). */
  step(branches, ids) {
    const rows = branches.length;
    const width = this.kvWidth;
    const positions = branches.map((branch) => {
      if (branch.length === branch.room) throw new Error("model: no room for another token");
      return branch.prefix.length + branch.length;
    });
    this.#reserve(rows);
    this.#embed(ids);
    this.blocks.forEach((block, layer) => {
      this.#project(block, rows, positions);
      branches.forEach((branch, r) => {
        branch.keys[layer].set(this.k.subarray(r * width, (r + 1) * width), branch.length * width);
        branch.values[layer].set(this.v.subarray(r * width, (r + 1) * width), branch.length * width);
        this.#attend(r, layer, [branch.prefix, branch], [branch.prefix.length, branch.length + 1]);
      });
      this.#finish(block, rows);
    });
    for (const branch of branches) branch.length += 1;
    return this.#logits(rows);
  }
}
