/** The thin bar below the picture: what has arrived, what is shown, and whether something went wrong. */
import type { Level } from "../decoder/index.js";

const UNITS = ["B", "kB", "MB", "GB"];

/** Bytes in powers of 1000, three digits. */
export function formatBytes(bytes: number): string {
  let unit = 0;
  let value = bytes;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit ? value.toPrecision(3) : value} ${UNITS[unit]}`;
}

function element<T extends HTMLElement = HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}

export class Bar {
  readonly #progress = element<HTMLProgressElement>("arrived");

  begin(name: string): void {
    element("name").textContent = name;
    document.title = name ? `${name} - ralhe` : "ralhe";
    for (const id of ["bytes", "level", "count", "time"]) element(id).textContent = "";
    this.#progress.removeAttribute("value");
    this.#progress.hidden = false;
    this.say("");
  }

  bytes(received: number, total: number): void {
    element("bytes").textContent = total ? `${formatBytes(received)} of ${formatBytes(total)}` : formatBytes(received);
    if (!total) return;
    this.#progress.max = total;
    this.#progress.value = Math.min(received, total);
  }

  level(level: Level): void {
    element("level").textContent = `level ${level.level} of ${level.depth}`;
    element("count").textContent = `${level.count.toLocaleString("en")} Gaussians`;
    element("time").textContent = `decoded in ${Math.round(level.decodeMs)} ms`;
  }

  end(): void {
    this.#progress.hidden = true;
  }

  /** A line for everybody, read out by screen readers. */
  say(text: string, kind: "notice" | "failure" = "notice"): void {
    const line = element("message");
    line.textContent = text;
    line.dataset["kind"] = kind;
    line.hidden = !text;
  }

  /** A line for screen readers alone. */
  whisper(text: string): void {
    element("whisper").textContent = text;
  }
}
