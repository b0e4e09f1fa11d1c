// Downloads with progress, kept in the browser's Cache where there is one, and SHA-256 where the page is secure.

const CACHE = "trained-models-v1";
const MOST_BYTES = 64 * 2 ** 20;

/** SHA-256 of bytes in hex, or null where crypto.subtle does not exist (neither https nor localhost). */
export async function sha256Of(bytes) {
  if (!globalThis.crypto?.subtle) return null;
  const digest = await globalThis.crypto.subtle.digest("SHA-256", bytes);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** All bytes of a response as an ArrayBuffer; `onProgress(received, total)`, total 0 where it is not known. */
async function readAll(response, onProgress) {
  // With a content encoding the length is that of the compressed bytes, which are not what arrives here.
  const total = response.headers.get("content-encoding") ? 0 : Number(response.headers.get("content-length")) || 0;
  const parts = [];
  let received = 0;
  onProgress(received, total);
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    received += value.byteLength;
    if (received > MOST_BYTES) {
      await reader.cancel();
      throw new Error(`larger than ${MOST_BYTES} bytes`);
    }
    parts.push(value);
    onProgress(received, total);
  }
  const all = new Uint8Array(received);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.byteLength;
  }
  return all.buffer;
}

/** The browser's cache, or null (private windows and insecure pages may refuse it). */
async function openCache() {
  try {
    return globalThis.caches ? await globalThis.caches.open(CACHE) : null;
  } catch {
    return null;
  }
}

/** Where a file with this hash is kept: an entry is never answered for another build of the same address. */
const keyOf = (url, sha256) => `${url}${url.includes("?") ? "&" : "?"}sha256=${sha256}`;

/**
 * {buffer, cached}. Only a file whose hash is known beforehand is looked for in the cache, and `fresh` looks for none.
 * Throws Error naming the address.
 */
export async function fetchBytes(url, { sha256 = "", fresh = false, onProgress = () => {} } = {}) {
  if (sha256 && !fresh) {
    try {
      const kept = await (await openCache())?.match(keyOf(url, sha256));
      if (kept) return { buffer: await readAll(kept, (received, total) => onProgress(received, total, true)), cached: true };
    } catch {
      // an entry that cannot be read is as good as none
    }
  }
  try {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`the server answers ${response.status}`);
    return { buffer: await readAll(response, (received, total) => onProgress(received, total, false)), cached: false };
  } catch (error) {
    throw new Error(`${url}: ${error.message}`);
  }
}

/** Keep bytes that were found to have this hash; entries of the same address with another hash go. */
export async function keepBytes(url, sha256, buffer) {
  const cache = await openCache();
  if (!cache) return;
  try {
    const marked = keyOf(url, "");
    for (const request of await cache.keys()) if (request.url.startsWith(marked)) await cache.delete(request);
    await cache.put(`${marked}${sha256}`, new Response(buffer, { headers: { "content-length": String(buffer.byteLength) } }));
  } catch {
    // a full or forbidden cache costs a download next time, nothing else
  }
}
