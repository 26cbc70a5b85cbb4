/** Plays one stream at a time onto the stage: decodes, shows each level, tells the bar. */
import { decode, StreamError, type Level, type Source } from "../decoder/index.js";
import { turnToPly } from "./axes.js";
import type { Bar } from "./bar.js";
import type { Stage } from "./stage.js";
import type { Wasm } from "../decoder/index.js";

export interface Playing {
  source: Source;
  name: string;
  maxBytes?: number | undefined;
}

export class Player {
  #stop = new AbortController();
  /** Called with the first level of a stream, before it is shown. */
  onFirst: (level: Level) => void = () => undefined;

  constructor(private readonly stage: Stage, private readonly bar: Bar, private readonly wasm: Wasm) {}

  /** Stops what is playing; what is shown stays. */
  stop(): void {
    this.#stop.abort();
    this.bar.end();
  }

  async play({ source, name, maxBytes }: Playing): Promise<void> {
    this.stop();
    const stop = (this.#stop = new AbortController());
    this.bar.begin(name);
    document.documentElement.dataset["state"] = "playing";
    performance.mark("ralhe:start");
    const levels = decode(source, {
      wasm: this.wasm, signal: stop.signal, maxBytes, skipOvertaken: true,
      onBytes: (received, total) => this.#bytes(received, total),
      onNotice: (text) => this.bar.say(text),
    });
    let last: Level | undefined;
    try {
      for await (const level of levels) {
        if (!last) this.onFirst(level);
        last = level;
        await this.#show(level, stop.signal);
      }
      if (last) this.bar.whisper(`${name}: ${last.count.toLocaleString("en")} Gaussians shown`);
    } catch (error) {
      if (stop.signal.aborted && stop !== this.#stop) return; // another plays already
      if (!stop.signal.aborted) this.bar.say(explain(error, name, last), "failure");
    }
    this.bar.end();
    document.documentElement.dataset["state"] = "over";
  }

  #bytes(received: number, total: number): void {
    if (!performance.getEntriesByName("ralhe:first-byte").length) performance.mark("ralhe:first-byte");
    if (received === total) performance.mark("ralhe:last-byte");
    this.bar.bytes(received, total);
  }

  /** Until the level is on the screen, so that levels overtaken meanwhile are never drawn. */
  async #show(level: Level, signal: AbortSignal): Promise<void> {
    const first = document.documentElement.dataset["level"] === undefined;
    performance.mark(`ralhe:level-${level.level}-decoded`);
    turnToPly(level);
    const shown = new Promise<void>((resolve) => {
      this.stage.onShown = resolve;
      signal.addEventListener("abort", () => resolve());
    });
    this.stage.show(level);
    this.bar.level(level);
    await shown;
    if (signal.aborted) return;
    performance.mark(`ralhe:level-${level.level}-shown`, { detail: { bytes: level.bytes, first } });
    document.documentElement.dataset["level"] = String(level.level);
  }
}

function explain(error: unknown, name: string, last: Level | undefined): string {
  const what = error instanceof Error ? error.message : String(error);
  const told = error instanceof StreamError ? `${name}: ${what}` : what;
  return last ? `${told}; shown is level ${last.level} of ${last.depth}` : told;
}
