import type { Level } from "./level.js";

/** What the worker is told. Bytes come as messages, or the worker fetches them itself. */
export type Order =
  | { kind: "open"; module: WebAssembly.Module; thrifty: boolean; url?: string | undefined; maxBytes?: number | undefined }
  | { kind: "bytes"; bytes: Uint8Array }
  | { kind: "end" };

/** What the worker answers. Nothing follows `end` and `failure`. */
export type Answer =
  | { kind: "received"; bytes: number; total: number }
  | { kind: "level"; level: Level }
  | { kind: "end"; notice: string | undefined }
  | { kind: "failure"; message: string; inStream: boolean };
