/** Runs one session in a Worker. */
import { StreamError } from "./core.js";
import { fetchBytes } from "./fetching.js";
import { ARRAYS, type Level } from "./level.js";
import type { Answer, Order } from "./messages.js";
import { Session } from "./session.js";

interface Scope {
  postMessage(answer: Answer, transfer: Transferable[]): void;
  onmessage: ((event: MessageEvent<Order>) => void) | null;
}

const scope = globalThis as unknown as Scope;
let session: Session | undefined;
let over = false;

function tell(answer: Answer, transfer: Transferable[] = []): void {
  over ||= answer.kind === "end" || answer.kind === "failure";
  scope.postMessage(answer, transfer);
}

function fail(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  tell({ kind: "failure", message, inStream: error instanceof StreamError });
}

function tellLevel(level: Level): void {
  tell({ kind: "level", level }, ARRAYS.map((name) => level[name].buffer));
}

function take(bytes: Uint8Array): void {
  if (!session || over) return;
  const levels = session.push(bytes);
  tell({ kind: "received", bytes: session.received, total: session.size });
  for (const level of levels) tellLevel(level);
}

async function fetchAll(url: string, maxBytes: number | undefined): Promise<void> {
  for await (const bytes of fetchBytes(url, { maxBytes })) take(bytes);
  tell({ kind: "end", notice: session?.end() });
}

scope.onmessage = ({ data }) => {
  if (over) return;
  try {
    if (data.kind === "bytes") take(data.bytes);
    else if (data.kind === "end") tell({ kind: "end", notice: session?.end() });
    else {
      session = new Session(data.module);
      if (data.url !== undefined) fetchAll(data.url, data.maxBytes).catch(fail);
    }
  } catch (error) {
    fail(error);
  }
};
