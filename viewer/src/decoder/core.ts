/** One instance of core.wasm, the file that Python decodes with: its functions, and its memory as arrays. */

/** A stream is corrupt, cut before its first level, or of a version this decoder does not know. */
export class StreamError extends Error {
  override name = "StreamError";

  /** code: what the core answered, where it did. */
  constructor(message: string, readonly code?: number, options?: ErrorOptions) {
    super(message, options);
  }
}

/** Code of a section whose checksum is wrong: it was not decoded, and what was before it is sound. */
export const BAD_CHECKSUM = -7;

/** What a failure code of the core says; `ralhe.core.instance` says the same. */
export const MESSAGES: Readonly<Record<number, string>> = {
  [-1]: "not a .ralhe stream (the first bytes are not RALH); make one with ralhe encode",
  [-2]: "the stream has a version this decoder does not know; update ralhe",
  [-3]: "the stream is cut within its header; fetch the file again",
  [-4]: "the header is damaged (checksum); fetch the file again",
  [-5]: "a field of the header is out of range; encode the scene again",
  [-6]: "the table of sections contradicts itself; encode the scene again",
  [-7]: "a section is damaged (checksum); fetch the file again",
  [-8]: "a section is damaged (its contents contradict the header); encode the scene again",
  [-9]: "the header claims more nodes than its bytes could hold; encode the scene again",
  [-10]: "the stream needs more memory than the decoder allows; decode a coarser level",
  [-11]: "the stream is cut before its first level ends; take more of its bytes (ralhe info says how many)",
  [-12]: "there are bytes after the end of the stream; fetch the file again",
};

type Exported = (...values: number[]) => number;

export class Core {
  readonly #exports: WebAssembly.Exports;

  constructor(module: WebAssembly.Module) {
    this.#exports = new WebAssembly.Instance(module, {}).exports;
  }

  /** Result of an exported function that answers a pointer or a size. */
  call(name: string, ...values: number[]): number {
    try {
      return (this.#exports[name] as Exported)(...values) >>> 0;
    } catch (trap) {
      if (!(trap instanceof WebAssembly.RuntimeError)) throw trap;
      throw new StreamError("a section is damaged (the decoder stopped itself); encode the scene again", undefined, { cause: trap });
    }
  }

  /** As `call`, for functions that answer a failure code: throws StreamError for negative ones. */
  check(name: string, ...values: number[]): number {
    const code = this.call(name, ...values) | 0;
    if (code < 0) throw new StreamError(MESSAGES[code] ?? `the core failed with code ${code}`, code);
    return code;
  }

  /** Address of so many new bytes. */
  allocate(bytes: number): number {
    const address = this.call("memory_allocate", Math.max(bytes, 1));
    if (!address) throw new StreamError(MESSAGES[-10]!, -10);
    return address;
  }

  release(address: number): void {
    this.call("memory_release", address);
  }

  write(address: number, bytes: Uint8Array): void {
    new Uint8Array(this.#buffer, address, bytes.length).set(bytes);
  }

  integers(address: number, count: number): Uint32Array {
    return new Uint32Array(this.#buffer, address, count).slice();
  }

  floats(address: number, count: number): Float32Array<ArrayBuffer> {
    return count ? new Float32Array(this.#buffer, address, count).slice() : new Float32Array(0);
  }

  /** Memory moves as it grows, so views of it are made anew each time. */
  get #buffer(): ArrayBuffer {
    return (this.#exports["memory"] as WebAssembly.Memory).buffer as ArrayBuffer;
  }
}
