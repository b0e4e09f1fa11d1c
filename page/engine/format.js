// Reading a model file (scripts/trap/models/page_model.py): a header in JSON and weights in float16.

const MAGIC = "TRAPNN01";
const MOST_HEADER = 1 << 20; // bytes; a header has a few thousand

/** The value of every float16 by its bits. */
function halfValues() {
  const values = new Float32Array(1 << 16);
  for (let bits = 0; bits < 1 << 15; bits += 1) {
    const exponent = bits >> 10;
    const fraction = bits & 1023;
    if (exponent === 0) values[bits] = fraction * 2 ** -24;
    else if (exponent === 31) values[bits] = fraction ? NaN : Infinity;
    else values[bits] = (1 + fraction / 1024) * 2 ** (exponent - 15);
    values[bits | 0x8000] = -values[bits];
  }
  return values;
}

/** The header of a model file, and where its payload starts. Throws Error on anything else than a model file. */
export function readHeader(buffer) {
  const view = new DataView(buffer);
  const magic = buffer.byteLength < 12 ? "" : String.fromCharCode(...new Uint8Array(buffer, 0, 8));
  if (magic !== MAGIC) throw new Error("not a model file of this page");
  const length = view.getUint32(8, true);
  if (length > MOST_HEADER || 12 + length > buffer.byteLength) throw new Error("the model file's header is cut short");
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 12, length)));
  if (header.format !== 1 || header.dtype !== "float16") throw new Error(`model file of format ${header.format}: 1 is known`);
  return { header, payload: 12 + length };
}

/** {header, tensors: Map name -> {shape, data: Float32Array}}. Throws Error where the file is cut short. */
export function readModelFile(buffer) {
  const { header, payload } = readHeader(buffer);
  const tensors = new Map();
  const values = halfValues();
  const little = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
  for (const { name, shape, offset } of header.tensors) {
    const size = shape.reduce((product, side) => product * side, 1);
    if (payload + offset + 2 * size > buffer.byteLength) throw new Error(`model file: ${name} is cut short`);
    let halves = new Uint16Array(buffer, payload + offset, size);
    if (!little) halves = halves.map((half) => ((half & 255) << 8) | (half >> 8));
    const data = new Float32Array(size);
    for (let i = 0; i < size; i += 1) data[i] = values[halves[i]];
    tensors.set(name, { shape, data });
  }
  return { header, tensors };
}
