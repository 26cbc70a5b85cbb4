/** A queue between callbacks and a loop that waits. */
export class Mailbox<T> {
  readonly #kept: T[] = [];
  #wake: (() => void) | undefined;

  post(item: T): void {
    this.#kept.push(item);
    this.#wake?.();
  }

  /** Drops what is waiting and `unwanted`. */
  drop(unwanted: (item: T) => boolean): void {
    const wanted = this.#kept.filter((item) => !unwanted(item));
    this.#kept.splice(0, this.#kept.length, ...wanted);
  }

  async take(): Promise<T> {
    while (!this.#kept.length) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#kept.shift()!;
  }
}
