import { BAD_CHECKSUM, Core, MESSAGES, StreamError } from "./core.js";
import { headerSize, streamSize } from "./header.js";
import { COORDINATES, type Level } from "./level.js";

const ATTRIBUTES = 2;
/** Of the core's record of header and table (container.h): bytes before the table, words of a row. */
const TABLE_AT = 44;
const ROW_WORDS = 8;
/** A level with fewer nodes than this times those of the one before shows little that is new. */
const HARDLY = 1.25;
/** Bytes of a stream beyond which a browser should not try; encoders make a megabyte. */
const MOST_BYTES = 256 << 20;
const SMALLEST_HEADER = 68;
const SIGNATURE = [0x52, 0x41, 0x4c, 0x48, 1]; // RALH, version 1

interface Section {
  kind: number;
  last: number;
  end: number;
  count: number; // nodes of level last + 1
}

interface Facts {
  degree: number;
  antialiased: boolean;
  coordinates: number;
  depth: number;
  sections: Section[];
}

/**
 * Decodes one stream as its bytes arrive, each section once: what was decoded stays in the core's memory, so a whole
 * stream costs what one decode of it costs, plus the arrays of each level.
 */
export class Session {
  readonly #core: Core;
  #early = new Uint8Array(0); // bytes before the header is whole
  #facts: Facts | undefined;
  #address = 0;
  #received = 0;
  #size = 0;
  #next = 0; // section to decode
  #reached = -1; // level
  #decodeMs = 0;

  constructor(module: WebAssembly.Module) {
    this.#core = new Core(module);
  }

  /** Bytes so far. */
  get received(): number {
    return this.#received;
  }

  /** Bytes of the whole stream; 0 while its header is incomplete. */
  get size(): number {
    return this.#size;
  }

  /**
   * Takes the next bytes at once and gives the levels that they complete, decoded as the caller asks for them: all of
   * them before the next bytes. Throws StreamError for whatever is wrong with the stream.
   */
  push(bytes: Uint8Array): Generator<Level, void, undefined> {
    this.keep(bytes);
    return this.#levels();
  }

  *#levels(): Generator<Level, void, undefined> {
    for (const level of this.decode()) if (level) yield level;
  }

  /** Takes the next bytes and decodes nothing. Throws StreamError for a header that is wrong. */
  keep(bytes: Uint8Array): void {
    this.#received += bytes.length;
    if (this.#facts) {
      const at = this.#received - bytes.length;
      if (at < this.#size) this.#core.write(this.#address + at, bytes.subarray(0, this.#size - at));
      return;
    }
    const start = new Uint8Array(this.#received);
    start.set(this.#early);
    start.set(bytes, this.#early.length);
    this.#early = start;
    const foreign = start.length >= SIGNATURE.length && SIGNATURE.some((byte, i) => start[i] !== byte);
    const header = headerSize(start);
    if (foreign || (header !== undefined && start.length >= header)) this.#open(start);
  }

  /**
   * Decodes a section a step while whole ones are there, bytes kept between two steps included; yields the level that
   * it completes, if any. thrifty: levels are left out where one that is hardly finer is there already.
   */
  *decode(thrifty = false): Generator<Level | undefined, void, undefined> {
    const facts = this.#facts;
    if (!facts) return;
    const { sections, depth } = facts;
    if (!sections.length && this.#reached < 0) yield this.#level(facts, 0, this.#size, performance.now());
    let leftOut: Section | undefined;
    while (this.#next < sections.length && sections[this.#next]!.end <= this.#received) {
      const began = performance.now();
      try {
        this.#core.check("decoder_advance", Math.min(this.#received, this.#size));
      } catch (error) {
        const sound = error instanceof StreamError && error.code === BAD_CHECKSUM;
        if (leftOut && sound) yield this.#level(facts, leftOut.last + 1, leftOut.end, began);
        throw error;
      }
      const section = sections[this.#next++]!;
      const shows = section.kind === ATTRIBUTES || depth === 0;
      if (shows) leftOut = thrifty && this.#hardlyFiner(section) ? section : undefined;
      if (shows && !leftOut) yield this.#level(facts, depth && section.last + 1, section.end, began);
      else this.#decodeMs += performance.now() - began;
      yield undefined;
    }
    if (this.#received > this.#size) this.#core.check("decoder_advance", this.#received);
  }

  /** To be called when no more bytes come: what is missing, or undefined. Throws StreamError where nothing is shown. */
  end(): string | undefined {
    if (!this.#facts) {
      this.#open(this.#early); // says what is wrong with so short a stream
      throw new StreamError(MESSAGES[-3]!);
    }
    if (this.#reached < 0) this.#core.check("decoder_output");
    if (this.#received >= this.#size) return undefined;
    const { depth } = this.#facts;
    return `the stream is cut at byte ${this.#received} of ${this.#size}: level ${this.#reached} of ${depth}`;
  }

  /** Whether the next level is there whole and has hardly more nodes than the one that this section completes. */
  #hardlyFiner(section: Section): boolean {
    const next = this.#facts?.sections.slice(this.#next).find(({ kind }) => kind === ATTRIBUTES);
    return next !== undefined && next.end <= this.#received && next.count < HARDLY * section.count;
  }

  #open(start: Uint8Array): void {
    const header = headerSize(start) ?? start.length;
    const whole = start.length >= header && header >= SMALLEST_HEADER && start[0] === SIGNATURE[0];
    const size = whole ? streamSize(start.subarray(0, header)) : start.length;
    const trial = this.#core.allocate(start.length);
    this.#core.write(trial, start);
    if (!whole || size > MOST_BYTES || size < header) {
      this.#core.check("decoder_open", trial, start.length); // names what is wrong, where something is
      if (size > MOST_BYTES) throw new StreamError(`the stream claims ${size} bytes; a browser takes ${MOST_BYTES}`);
      return;
    }
    this.#core.release(trial);
    this.#address = this.#core.allocate(size);
    this.#core.write(this.#address, start.subarray(0, size));
    this.#core.check("decoder_open", this.#address, Math.min(start.length, size));
    this.#size = size;
    this.#early = new Uint8Array(0);
    this.#facts = this.#readFacts();
  }

  #readFacts(): Facts {
    const container = this.#core.call("container_fields");
    const [flags, degree, coordinates, count] = this.#core.integers(container, 4) as unknown as [number, number, number, number];
    const depth = this.#core.integers(this.#core.call("scene_fields"), 1)[0]!;
    const rows = this.#core.integers(container + TABLE_AT, count * ROW_WORDS);
    const sections = Array.from({ length: count }, (_, i) => {
      const [kind, , last, offset, length, count] = rows.subarray(ROW_WORDS * i) as unknown as Record<number, number> & number[];
      return { kind: kind!, last: last!, end: offset! + length!, count: count! };
    });
    return { degree, antialiased: (flags & 1) !== 0, coordinates, depth, sections };
  }

  #level(facts: Facts, level: number, bytes: number, began: number): Level {
    this.#core.check("decoder_output");
    const [count, positions, logScales, rotations, opacities, sh] = this.#core.integers(
      this.#core.call("output_arrays"), 6) as unknown as [number, number, number, number, number, number];
    const take = (address: number, each: number) => this.#core.floats(address, count * each);
    const arrays = {
      positions: take(positions, 3),
      logScales: take(logScales, 3),
      rotations: take(rotations, 4),
      opacityLogits: take(opacities, 1),
      sh: take(sh, 3 * (facts.degree + 1) ** 2),
    };
    this.#reached = level;
    this.#decodeMs += performance.now() - began;
    return {
      level, depth: facts.depth, count, ...arrays,
      shDegree: facts.degree, antialiased: facts.antialiased, coordinates: COORDINATES[facts.coordinates]!,
      bytes, totalBytes: this.#size, decodeMs: this.#decodeMs,
    };
  }
}
