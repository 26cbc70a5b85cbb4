/**
 * What the decoder of the viewer makes of a stream, as one line of JSON.
 *
 *     node digest.mjs decoder.js core.wasm stream.ralhe BYTES_A_CHUNK
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";

const [decoder, wasm, stream, chunk] = process.argv.slice(2);
const { decode } = await import(pathToFileURL(decoder).href);
const data = await readFile(stream);

async function* chunks(size) {
  for (let at = 0; at < data.length; at += size) yield new Uint8Array(data.subarray(at, at + size));
}

const NAMES = { positions: "positions", logScales: "log_scales", rotations: "rotations", opacityLogits: "opacity_logits", sh: "sh" };
const found = { levels: {}, bytes: {}, facts: {}, notice: null, failure: null };
try {
  const options = { wasm: await readFile(wasm), onNotice: (text) => (found.notice = text) };
  for await (const level of decode(chunks(Number(chunk)), options)) {
    const digests = Object.entries(NAMES).map(([name, python]) => [python, createHash("sha256").update(level[name]).digest("hex")]);
    found.levels[level.level] = Object.fromEntries(digests);
    found.bytes[level.level] = level.bytes;
    const { depth, count, shDegree, antialiased, coordinates, totalBytes } = level;
    found.facts = { depth, count, shDegree, antialiased, coordinates, totalBytes };
  }
} catch (error) {
  found.failure = `${error.name}: ${error.message}`;
}
console.log(JSON.stringify(found));
