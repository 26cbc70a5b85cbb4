import { StreamError } from "./core.js";
import { chunksOf, fetchBytes } from "./fetching.js";
import type { Level } from "./level.js";
import { Mailbox } from "./mailbox.js";
import type { Answer, Order } from "./messages.js";
import { Session } from "./session.js";
import { moduleOf, type Wasm } from "./wasm.js";
import workerSource from "worker:decoder";

/** Where a stream comes from; an address is fetched by the Worker itself, and gone on with where it breaks off. */
export type Source = string | URL | Response | Blob | ArrayBuffer | Uint8Array | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>;

export interface DecodeOptions {
  /** The decoder: core.wasm of the Python package, compiled, as bytes, or its address. */
  wasm: Wasm;
  signal?: AbortSignal | undefined;
  /** Use only so many bytes of the stream. */
  maxBytes?: number | undefined;
  /** Leave out levels that a finer one has overtaken by the time the loop asks for the next, or is there to overtake. */
  skipOvertaken?: boolean | undefined;
  /** Called with bytes so far and, once the header is there, those of the whole stream (0 before). */
  onBytes?: ((received: number, total: number) => void) | undefined;
  /** Called at the end of a stream that is cut: what has arrived decodes, and this says what is missing. */
  onNotice?: ((text: string) => void) | undefined;
}

/**
 * The levels of a stream, coarse to fine, as its bytes arrive; each is the whole scene and replaces the one before.
 *
 *     for await (const level of decode(response.body, { wasm: "core.wasm" })) show(level);
 *
 * Decodes in a Worker, or on this thread where there are none. A stream that is corrupt throws StreamError after the
 * levels before the damage; one that is cut ends after `onNotice`. Leaving the loop or aborting the signal stops
 * fetching and decoding at once; an aborted signal throws its reason.
 */
export async function* decode(source: Source, options: DecodeOptions): AsyncGenerator<Level, void, undefined> {
  options.signal?.throwIfAborted();
  const module = await moduleOf(options.wasm);
  options.signal?.throwIfAborted();
  if (typeof Worker === "undefined") yield* decodeHere(source, module, options);
  else yield* decodeThere(source, module, options);
}

async function* decodeHere(source: Source, module: WebAssembly.Module, options: DecodeOptions): AsyncGenerator<Level> {
  const session = new Session(module);
  for await (const bytes of bytesOf(source, options)) {
    options.signal?.throwIfAborted();
    const levels = session.push(bytes);
    for (const level of levels) {
      yield level;
      options.signal?.throwIfAborted();
    }
    options.onBytes?.(session.received, session.size);
  }
  const notice = session.end();
  if (notice) options.onNotice?.(notice);
}

type Event = Answer | { kind: "aborted" } | { kind: "broken"; error: unknown };

async function* decodeThere(source: Source, module: WebAssembly.Module, options: DecodeOptions): AsyncGenerator<Level> {
  const { signal, maxBytes, onBytes, onNotice } = options;
  const events = new Mailbox<Event>();
  const worker = startWorker();
  const stopReading = new AbortController();
  const abort = () => events.post({ kind: "aborted" });
  signal?.addEventListener("abort", abort);
  worker.onmessage = ({ data }: MessageEvent<Answer>) => {
    if (data.kind === "received") return onBytes?.(data.bytes, data.total);
    if (data.kind === "level" && options.skipOvertaken) events.drop((event) => event.kind === "level");
    events.post(data);
  };
  worker.onerror = (event) => events.post({ kind: "broken", error: new Error(event.message) });
  try {
    const url = addressOf(source);
    tell(worker, { kind: "open", module, thrifty: options.skipOvertaken ?? false, url, maxBytes });
    if (url === undefined) {
      const all = bytesOf(source, { maxBytes, signal: stopReading.signal });
      pump(all, worker).catch((error: unknown) => events.post({ kind: "broken", error }));
    }
    for (;;) {
      const event = await events.take();
      signal?.throwIfAborted();
      if (event.kind === "level") yield event.level;
      else if (event.kind === "end") return event.notice ? onNotice?.(event.notice) : undefined;
      else if (event.kind === "failure") throw event.inStream ? new StreamError(event.message) : new Error(event.message);
      else if (event.kind === "broken") throw event.error;
      signal?.throwIfAborted();
    }
  } finally {
    signal?.removeEventListener("abort", abort);
    stopReading.abort();
    worker.terminate();
  }
}

function startWorker(): Worker {
  const address = URL.createObjectURL(new Blob([workerSource], { type: "text/javascript" }));
  const worker = new Worker(address, { name: "ralhe" });
  URL.revokeObjectURL(address);
  return worker;
}

function tell(worker: Worker, order: Order, transfer: Transferable[] = []): void {
  worker.postMessage(order, transfer);
}

async function pump(chunks: AsyncIterable<Uint8Array>, worker: Worker): Promise<void> {
  for await (const chunk of chunks) {
    const bytes = new Uint8Array(chunk); // a chunk may be a view of much more, all of which would be sent
    tell(worker, { kind: "bytes", bytes }, [bytes.buffer]);
  }
  tell(worker, { kind: "end" });
}

/** The address of a source that the Worker can fetch itself. */
function addressOf(source: Source): string | undefined {
  if (typeof source !== "string" && !(source instanceof URL)) return undefined;
  return new URL(source, globalThis.document?.baseURI).href;
}

async function* bytesOf(source: Source, options: { maxBytes?: number | undefined; signal?: AbortSignal | undefined }):
  AsyncGenerator<Uint8Array> {
  let left = Math.max(0, options.maxBytes ?? Infinity);
  for await (const chunk of chunksFrom(source, options.signal)) {
    options.signal?.throwIfAborted();
    const part = chunk.subarray(0, left);
    left -= part.length;
    yield part;
    if (left <= 0) return;
  }
}

function chunksFrom(source: Source, signal: AbortSignal | undefined): AsyncIterable<Uint8Array> {
  if (typeof source === "string" || source instanceof URL) return fetchBytes(String(source), { signal });
  if (source instanceof Uint8Array) return once(source);
  if (source instanceof ArrayBuffer) return once(new Uint8Array(source));
  if (source instanceof Response) return chunksOf(source.body, signal);
  if (source instanceof Blob) return chunksOf(source.stream(), signal);
  if (source instanceof ReadableStream) return chunksOf(source, signal);
  return untilAborted(source, signal);
}

/** The same chunks; an abort does not wait for the next of them. */
async function* untilAborted(chunks: AsyncIterable<Uint8Array>, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]();
  const aborted = new Promise<never>((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
  aborted.catch(() => undefined);
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), aborted]);
      if (next.done) return;
      yield next.value;
    }
  } finally {
    void iterator.return?.().catch(() => undefined);
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
