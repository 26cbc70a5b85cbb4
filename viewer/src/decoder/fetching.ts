/** The bytes of an address, gone on with where a connection breaks off. */

const TRIES = 4;
const PAUSE_MS = 400;

export interface FetchOptions {
  signal?: AbortSignal | undefined;
  /** Stop after so many bytes. */
  maxBytes?: number | undefined;
}

/** An answer that is an error; trying again would not help. */
class Refused extends Error {}

/**
 * Yields the body of `url` in chunks. A connection that breaks is taken up by a Range request, four times at most
 * without a new byte in between; a server that ignores Range sends all again, and what is known already is skipped.
 */
export async function* fetchBytes(url: string, options: FetchOptions = {}): AsyncGenerator<Uint8Array> {
  const { signal, maxBytes = Infinity } = options;
  const source: Source = { url, signal, etag: null, length: undefined };
  let received = 0;
  let tries = 0;
  while (received < maxBytes) {
    try {
      for await (const chunk of ask(source, received)) {
        const part = chunk.subarray(0, maxBytes - received);
        received += part.length;
        tries = 0;
        if (part.length) yield part;
        if (received >= maxBytes) return;
      }
      if (source.length === undefined || received >= source.length) return;
      throw new Error(`${url}: the connection ended at byte ${received} of ${source.length}`);
    } catch (error) {
      if (signal?.aborted || error instanceof Refused || ++tries >= TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * 2 ** (tries - 1)));
    }
  }
}

interface Source {
  url: string;
  signal: AbortSignal | undefined;
  etag: string | null;
  length: number | undefined; // bytes of the whole, where the server says so
}

/** One request for the bytes from `start` on. */
async function* ask(source: Source, start: number): AsyncGenerator<Uint8Array> {
  const headers: Record<string, string> = start ? { Range: `bytes=${start}-` } : {};
  const response = await fetch(source.url, { headers, signal: source.signal ?? null });
  if (start && response.status === 416) { // all is here: the length was that of an encoding which CORS hides
    source.length = start;
    return;
  }
  if (!response.ok) throw new Refused(`${source.url}: the server answers ${response.status} ${response.statusText}`);
  const etag = response.headers.get("ETag");
  if (start && source.etag && etag && etag !== source.etag) throw new Refused(`${source.url}: has changed meanwhile`);
  source.etag ??= etag;
  const length = Number(response.headers.get("Content-Length") ?? NaN);
  const encoded = response.headers.has("Content-Encoding"); // then the length is not that of the body
  const at = response.status === 206 ? start : 0;
  if (!encoded && Number.isFinite(length)) source.length ??= at + length;
  let known = start - at;
  for await (const chunk of chunksOf(response.body)) {
    if (chunk.length > known) yield chunk.subarray(known);
    known = Math.max(0, known - chunk.length);
  }
}

/** Not every browser can iterate over a stream itself. An abort ends the stream, and throws its reason. */
export async function* chunksOf(body: ReadableStream<Uint8Array> | null, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  if (!body) return;
  const reader = body.getReader();
  const cancel = () => void reader.cancel(signal?.reason).catch(() => undefined);
  signal?.addEventListener("abort", cancel);
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
    signal?.throwIfAborted();
  } finally {
    signal?.removeEventListener("abort", cancel);
    cancel();
  }
}
