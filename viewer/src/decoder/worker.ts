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
const turns = new MessageChannel();
let thrifty = false;
let over = false;
let running: Promise<void> | undefined;

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

/** Keeps the bytes, and decodes what they complete unless a run that is under way will. */
function take(bytes: Uint8Array): void {
  if (!session || over) return;
  session.keep(bytes);
  tell({ kind: "received", bytes: session.received, total: session.size });
  running ??= run(session).catch(fail).finally(() => (running = undefined));
}

/** Lets bytes in between two sections, so that levels which they overtake can be left out. */
async function run(decoding: Session): Promise<void> {
  for (const level of decoding.decode(thrifty)) {
    if (level) tellLevel(level);
    await turn();
    if (over) return;
  }
}

/** Lets other tasks run; a timer would wait 4 ms each time. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    turns.port1.onmessage = () => resolve();
    turns.port2.postMessage(undefined);
  });
}

async function end(): Promise<void> {
  while (running) await running;
  if (session && !over) {
    take(new Uint8Array(0)); // what came while the last run was ending
    while (running) await running;
  }
  if (!over) tell({ kind: "end", notice: session?.end() });
}

async function fetchAll(url: string, maxBytes: number | undefined): Promise<void> {
  for await (const bytes of fetchBytes(url, { maxBytes })) take(bytes);
  await end();
}

scope.onmessage = ({ data }) => {
  if (over) return;
  try {
    if (data.kind === "bytes") take(data.bytes);
    else if (data.kind === "end") end().catch(fail);
    else {
      session = new Session(data.module);
      thrifty = data.thrifty;
      if (data.url !== undefined) fetchAll(data.url, data.maxBytes).catch(fail);
    }
  } catch (error) {
    fail(error);
  }
};
