/** The compiled core, or where it comes from. */
export type Wasm = WebAssembly.Module | BufferSource | Response | string | URL;

const compiled = new Map<string, Promise<WebAssembly.Module>>();

/** Compiles; an address once for all streams. */
export async function moduleOf(wasm: Wasm): Promise<WebAssembly.Module> {
  if (wasm instanceof WebAssembly.Module) return wasm;
  if (wasm instanceof Response) return compile(wasm);
  if (typeof wasm !== "string" && !(wasm instanceof URL)) return WebAssembly.compile(wasm);
  const address = String(wasm);
  const known = compiled.get(address) ?? fetch(address).then(compile);
  compiled.set(address, known);
  known.catch(() => compiled.delete(address));
  return known;
}

/** Not by compileStreaming: hosts that do not know the type of .wasm would fail, and the file is small. */
async function compile(response: Response): Promise<WebAssembly.Module> {
  if (!response.ok) throw new Error(`${response.url}: the server answers ${response.status} ${response.statusText}`);
  return WebAssembly.compile(await response.arrayBuffer());
}
