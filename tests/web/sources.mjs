/**
 * How the decoder of the viewer ends where its source is aborted, stalls or lies, as one line of JSON.
 *
 *     node sources.mjs decoder.js core.wasm stream.ralhe
 */
import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";

const [decoder, wasmFile, stream] = process.argv.slice(2);
const { decode, Session } = await import(pathToFileURL(decoder).href);
const data = new Uint8Array(await readFile(stream));
const wasm = await readFile(wasmFile);
const PATIENCE_MS = 5000;

let cancelled; // with which reason, of the source that stalls
const stalled = (bytes) => new ReadableStream({
  start: (controller) => controller.enqueue(data.slice(0, bytes)),
  cancel: (reason) => { cancelled = reason; },
});
async function* silent(bytes) {
  yield data.slice(0, bytes);
  await new Promise(() => undefined);
}

/** What decoding a source ends with, aborted a while after its first bytes. */
async function ending(source, abort = true) {
  const found = { levels: 0, notice: null, failure: null };
  const stop = new AbortController();
  const options = {
    wasm, signal: stop.signal, onNotice: (text) => (found.notice = text),
    onBytes: () => abort && setTimeout(() => stop.abort(new Error("enough")), 20),
  };
  const all = (async () => { for await (const _ of decode(source, options)) found.levels++; })();
  const late = new Promise((_, reject) => setTimeout(() => reject(new Error("hangs")), PATIENCE_MS));
  await Promise.race([all, late]).catch((error) => (found.failure = error.message));
  return found;
}

const found = {
  "a stream that stalls": await ending(stalled(data.length - 10)),
  "a stream that stalls in its header": await ending(stalled(20)),
  "an iterable that stalls": await ending(silent(data.length - 10)),
};
found["the reason given to the stream"] = cancelled?.message;

// Content-Encoding is hidden from pages of other hosts, and the length is then not that of the body.
globalThis.fetch = async (_, { headers }) => headers.Range ? new Response(null, { status: 416 })
  : new Response(data, { headers: { "Content-Length": String(data.length + 50) } });
found["a length of more than there is"] = await ending("http://other.example/scene.ralhe", false);

const session = new Session(await WebAssembly.compile(wasm));
session.push(data);
found["bytes after a push that nobody iterates"] = session.received;
console.log(JSON.stringify(found));
process.exit(); // what stalls would keep it
