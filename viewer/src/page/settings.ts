/** What the page is asked to show: by the host that wrote it, and by its address, which has the last word. */

export interface CameraHint {
  /** Scene units, in the axes of a trained .ply: x right, y down, z forward. */
  eye: number[];
  target: number[];
  up: number[];
}

export interface Settings {
  /** Address of the stream, relative to the page. */
  src?: string;
  /** The stream itself, base64. */
  data?: string;
  /** Name to show. */
  name?: string;
  /** Address of core.wasm, or "data:" and base64. */
  wasm: string;
  camera?: CameraHint;
  /** Address that answers the camera of a stream, to which its address is added, or nothing. */
  cameras?: string;
  up?: number[];
  /** Horizontal field of view, degrees. */
  fov?: number;
  maxBytes?: number;
  background?: string;
}

/** An address that asks for something the page cannot make sense of. */
export class AddressError extends Error {}

export function readSettings(): Settings {
  const written = document.getElementById("settings")?.textContent ?? "{}";
  const settings: Settings = { wasm: "core.wasm", ...(JSON.parse(written) as Partial<Settings>) };
  const query = new URLSearchParams(location.search);
  const src = query.get("src");
  if (src) {
    delete settings.camera;
    delete settings.data;
    delete settings.name;
    settings.src = src;
  }
  const up = query.get("up");
  if (up) {
    settings.up = direction(up);
    delete settings.camera; // whoever says what is up does not believe the camera that was found
    delete settings.cameras;
  }
  const camera = query.get("camera");
  if (camera) settings.camera = hint(camera, settings.up);
  const fov = query.get("fov");
  if (fov) settings.fov = positive("fov", fov, 150);
  const maxBytes = query.get("maxBytes");
  if (maxBytes) settings.maxBytes = Math.floor(positive("maxBytes", maxBytes, Number.MAX_SAFE_INTEGER));
  const background = query.get("background");
  if (background) settings.background = colour(background);
  return settings;
}

function positive(name: string, text: string, most: number): number {
  const value = Number(text);
  if (value > 0 && value <= most) return value;
  throw new AddressError(`${name}=${text} is no number above 0 and at most ${most}`);
}

function numbers(name: string, text: string, count: number): number[] {
  const values = text.split(",").map(Number);
  if (values.length === count && values.every(Number.isFinite)) return values;
  throw new AddressError(`${name}=${text} is not ${count} numbers with commas between them`);
}

function direction(text: string): number[] {
  const axis = /^([+-]?)([xyz])$/.exec(text.trim());
  if (axis) return ["x", "y", "z"].map((name) => (name === axis[2] ? (axis[1] === "-" ? -1 : 1) : 0));
  const found = numbers("up", text, 3);
  if (Math.hypot(...found) > 0) return found;
  throw new AddressError(`up=${text} points nowhere`);
}

function hint(text: string, up = [0, -1, 0]): CameraHint {
  const values = numbers("camera", text, 6);
  return { eye: values.slice(0, 3), target: values.slice(3), up };
}

function colour(text: string): string {
  const named: Record<string, string> = { black: "000000", white: "ffffff" };
  const digits = named[text] ?? text.replace(/^#/, "");
  if (/^[0-9a-f]{6}$/i.test(digits)) return digits;
  throw new AddressError(`background=${text} is no colour; write black, white or six digits`);
}
