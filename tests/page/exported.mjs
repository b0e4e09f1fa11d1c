// The model and prompts that tests/test_page_engine.py exported for these tests.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readModelFile } from "../../page/engine/format.js";
import { Decoder } from "../../page/engine/model.js";
import { Tokenizer } from "../../page/engine/tokenizer.js";

export const FOLDER = process.env.PAGE_MODELS;
export const PROMPTS = JSON.parse(process.env.PAGE_PROMPTS ?? "[]");
if (!FOLDER) throw new Error("run these through tests/test_page_engine.py, which exports a model for them");

/** {decoder, header, tokenizer} of the exported model. */
export function openModel() {
  const bytes = readFileSync(join(FOLDER, "model.bin"));
  const { header, tensors } = readModelFile(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  const tokenizer = new Tokenizer(JSON.parse(readFileSync(join(FOLDER, "tokenizer.json"), "utf8")));
  return { decoder: new Decoder(header.decoder, tensors), header, tokenizer };
}
