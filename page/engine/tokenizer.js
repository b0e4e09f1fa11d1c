// The Unigram tokenizer of models trained here (scripts/trap/models/tokenizer.py), token for token as the `tokenizers` library.

const UNKNOWN_PENALTY = 10; // below the lowest score, as in `tokenizers`
const BYTE = /^<0x([0-9A-Fa-f]{2})>$/;
const REPLACEMENT = "\ufffd";
const encoder = new TextEncoder();

/** The text of bytes, or one replacement character per byte where they are not UTF-8. */
function textOfBytes(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(new Uint8Array(bytes));
  } catch {
    return REPLACEMENT.repeat(bytes.length);
  }
}

export class Tokenizer {
  /** `json`: what scripts/export_page_model.py --tokenizer wrote, parsed. */
  constructor(json) {
    if (json.format !== 1) throw new Error(`tokenizer: format ${JSON.stringify(json.format)} is not known (1 is)`);
    this.pieces = json.pieces;
    this.unknown = json.unk;
    this.special = new Set(json.special);
    this.scores = json.scores.flatMap(([score, count]) => new Array(count).fill(score));
    this.ids = new Map(json.pieces.map((piece, id) => [piece, id]));
    this.marks = json.special.map((id) => [json.pieces[id], id]);
    this.bytes = json.pieces.map((piece) => (BYTE.test(piece) ? Number.parseInt(piece.slice(3, 5), 16) : -1));
    this.ofByte = Array.from({ length: 256 }, (_, byte) => this.bytes.indexOf(byte));
    this.unknownScore = Math.min(...this.scores) - UNKNOWN_PENALTY;
    this.tree = { next: new Map(), id: -1 };
    json.pieces.forEach((piece, id) => {
      let node = this.tree;
      for (let i = 0; i < piece.length; i += 1) {
        if (!node.next.has(piece[i])) node.next.set(piece[i], { next: new Map(), id: -1 });
        node = node.next.get(piece[i]);
      }
      node.id = id;
    });
  }

  /** Token ids of a text; special tokens that the text spells out are themselves, as in `tokenizers`. */
  encode(text) {
    const ids = [];
    let start = 0;
    while (start < text.length) {
      let [at, length, mark] = [text.length, 0, -1];
      for (const [piece, id] of this.marks) {
        const found = text.indexOf(piece, start);
        if (found >= 0 && (found < at || (found === at && piece.length > length))) [at, length, mark] = [found, piece.length, id];
      }
      this.#segment(text.slice(start, at), ids);
      if (mark >= 0) ids.push(mark);
      start = at + length;
    }
    return ids;
  }

  /** The most probable cut into pieces (Viterbi); what has no piece becomes bytes. Appends to `ids`. */
  #segment(text, ids) {
    const size = text.length;
    const best = new Float64Array(size + 1);
    const from = new Int32Array(size + 1).fill(-1);
    const chosen = new Int32Array(size + 1);
    const reach = (end, start, id, score) => {
      const candidate = score + best[start];
      if (from[end] >= 0 && candidate <= best[end]) return;
      [best[end], from[end], chosen[end]] = [candidate, start, id];
    };
    for (let start = 0; start < size; ) {
      const width = text.codePointAt(start) > 0xffff ? 2 : 1;
      let single = false;
      let node = this.tree;
      for (let end = start; end < size; ) {
        node = node.next.get(text[end]);
        if (node === undefined) break;
        end += 1;
        if (node.id < 0) continue;
        reach(end, start, node.id, this.scores[node.id]);
        single ||= end - start === width;
      }
      if (!single) reach(start + width, start, this.unknown, this.unknownScore);
      start += width;
    }
    const cuts = [];
    for (let end = size; end > 0; end = from[end]) cuts.push([from[end], end, chosen[end]]);
    cuts.reverse();
    for (let i = 0; i < cuts.length; i += 1) {
      const start = cuts[i][0];
      if (cuts[i][2] === this.unknown) while (i + 1 < cuts.length && cuts[i + 1][2] === this.unknown) i += 1; // fused
      const piece = text.slice(start, cuts[i][1]);
      const id = this.ids.get(piece);
      if (id !== undefined) ids.push(id);
      else for (const byte of encoder.encode(piece)) ids.push(this.ofByte[byte]);
    }
  }

  /** The text of token ids; special tokens are left out, runs of bytes become characters. */
  decode(ids) {
    const stream = this.stream();
    return ids.map((id) => stream.push(id)).join("") + stream.end();
  }

  /** Decoding token by token: `push` gives what is certain by now, `end` what bytes are left. */
  stream() {
    let bytes = [];
    const end = () => {
      const text = bytes.length > 0 ? textOfBytes(bytes) : "";
      bytes = [];
      return text;
    };
    const push = (id) => {
      if (this.special.has(id)) return "";
      if (this.bytes[id] < 0) return end() + this.pieces[id];
      bytes.push(this.bytes[id]);
      return "";
    };
    return { push, end };
  }
}
