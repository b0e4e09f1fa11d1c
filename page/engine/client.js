// The page's side of the worker.

export class Engine {
  #calls = new Map(); // id -> {resolve, reject, …callbacks}
  #next = 1;

  /** Starts the worker, or takes one that speaks the same messages. */
  constructor(worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" })) {
    this.worker = worker;
    worker.onmessage = (event) => this.#receive(event.data);
    worker.onerror = (event) => {
      event.preventDefault?.();
      this.#fail(new Error(event.message || "the worker could not be started"));
    };
    worker.onmessageerror = () => this.#fail(new Error("a message of the worker could not be read"));
  }

  #fail(error) {
    for (const call of this.#calls.values()) call.reject(error);
    this.#calls.clear();
  }

  #send(type, fields, callbacks) {
    const id = this.#next;
    this.#next += 1;
    const done = new Promise((resolve, reject) => {
      this.#calls.set(id, { resolve, reject, ...callbacks });
    });
    this.worker.postMessage({ type, id, ...fields });
    return { id, done };
  }

  #receive({ type, id, ...fields }) {
    const call = this.#calls.get(id);
    if (!call) return;
    if (type === "ready" || type === "done") {
      this.#calls.delete(id);
      call.resolve(fields);
    } else if (type === "error") {
      this.#calls.delete(id);
      call.reject(new Error(fields.message));
    } else if (type === "progress") call.onProgress?.(fields);
    else if (type === "start") call.onStart?.(fields);
    else if (type === "token") call.onToken?.(fields);
    else if (type === "sample") call.onSample?.(fields);
  }

  /** Load a model file; resolves with the fields of `ready`. */
  load(url, { sha256, tokenizer, onProgress } = {}) {
    const base = globalThis.document?.baseURI ?? globalThis.location?.href;
    const absolute = (address) => (address === undefined ? undefined : new URL(address, base).href);
    return this.#send("load", { url: absolute(url), tokenizer: absolute(tokenizer), sha256 }, { onProgress }).done;
  }

  /** Generate; {id, done, cancel}: `done` resolves with the fields of `done`. */
  generate({ onStart, onToken, onSample, ...fields }) {
    const { id, done } = this.#send("generate", fields, { onStart, onToken, onSample });
    return { id, done, cancel: () => this.worker.postMessage({ type: "cancel", id }) };
  }

  unload(model) {
    this.worker.postMessage({ type: "unload", model });
  }

  close() {
    this.worker.terminate();
    this.#fail(new Error("the engine was closed"));
  }
}
