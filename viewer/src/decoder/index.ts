export { StreamError } from "./core.js";
export { decode, type DecodeOptions, type Source } from "./decode.js";
export { fetchBytes, type FetchOptions } from "./fetching.js";
export { type Coordinates, type Level } from "./level.js";
export { Session } from "./session.js";
export { type Wasm } from "./wasm.js";
