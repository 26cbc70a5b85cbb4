/** Mouse, pen, fingers and keys: two ways to move, around a scene and through it. */
import type { Pose } from "./pose.js";

export type Mode = "orbit" | "fly";

const TURN = 0.006; // radians a pixel
const KEY_TURN = 1.5; // radians a second
const KEY_SPEED = 0.5; // distances to the target a second
const FAST = 4;
const WHEEL = 0.0012; // of the distance, a unit of the wheel
const LINE = 16; // pixels a line of the wheel

interface Place {
  x: number;
  y: number;
}

export class Controls {
  mode: Mode = "orbit";
  /** Scene units. */
  radius = 1;
  #pose: Pose;
  readonly #moved: (pose: Pose) => void;
  readonly #pointers = new Map<number, Place>();
  readonly #held = new Set<string>();
  #panning = false;

  /** moved: called whenever somebody moved the camera, and when a key begins to be held. */
  constructor(private readonly canvas: HTMLCanvasElement, pose: Pose, moved: (pose: Pose) => void) {
    this.#pose = pose;
    this.#moved = moved;
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#drag(event));
    for (const end of ["pointerup", "pointercancel"] as const) canvas.addEventListener(end, (event) => this.#up(event));
    canvas.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    canvas.addEventListener("keydown", (event) => this.#keyDown(event));
    canvas.addEventListener("keyup", (event) => this.#held.delete(event.code));
    canvas.addEventListener("blur", () => this.#held.clear());
  }

  get pose(): Pose {
    return this.#pose;
  }

  set pose(pose: Pose) {
    this.#pose = pose;
  }

  /** Moves by the keys that are held; whether there are any. */
  advance(seconds: number): boolean {
    if (!this.#held.size) return false;
    const held = (...codes: string[]) => (codes.some((code) => this.#held.has(code)) ? 1 : 0);
    const speed = held("ShiftLeft", "ShiftRight") ? FAST : 1;
    const time = Math.min(seconds, 0.1);
    const turn = KEY_TURN * time;
    const right = held("ArrowRight") - held("ArrowLeft");
    const up = held("ArrowUp") - held("ArrowDown");
    if (this.mode === "orbit") this.#pose.orbit(right * turn, up * turn);
    else this.#pose.look(-right * turn, -up * turn);
    const step = KEY_SPEED * speed * time * (this.mode === "orbit" ? this.#pose.distance : 0.5 * this.radius);
    this.#pose.move(
      (held("KeyD") - held("KeyA")) * step, (held("KeyE") - held("KeyQ")) * step,
      this.mode === "fly" ? (held("KeyW") - held("KeyS")) * step : 0,
    );
    const closer = held("Equal", "NumpadAdd", "KeyW") - held("Minus", "NumpadSubtract", "KeyS");
    if (this.mode === "orbit") this.#pose.zoom(Math.exp(-2 * closer * speed * time), this.radius);
    this.#moved(this.#pose);
    return true;
  }

  #down(event: PointerEvent): void {
    this.canvas.setPointerCapture(event.pointerId);
    this.canvas.focus({ preventScroll: true });
    this.#pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    this.#panning = event.button === 2 || event.button === 1 || event.shiftKey;
  }

  #up(event: PointerEvent): void {
    this.#pointers.delete(event.pointerId);
  }

  #drag(event: PointerEvent): void {
    const before = this.#pointers.get(event.pointerId);
    if (!before) return;
    const now = { x: event.clientX, y: event.clientY };
    const others = [...this.#pointers].filter(([id]) => id !== event.pointerId).map(([, place]) => place);
    this.#pointers.set(event.pointerId, now);
    const other = others[0];
    const dx = now.x - before.x;
    const dy = now.y - before.y;
    if (other) this.#pinch(before, now, other);
    else if (this.#panning) this.#pan(dx, dy);
    else if (this.mode === "orbit") this.#pose.orbit(-dx * TURN, dy * TURN);
    else this.#pose.look(dx * 0.5 * TURN, -dy * 0.5 * TURN);
    this.#moved(this.#pose);
  }

  /** One of two fingers moved: what is between them follows. */
  #pinch(before: Place, now: Place, other: Place): void {
    const apart = (a: Place) => Math.max(1, Math.hypot(a.x - other.x, a.y - other.y));
    const factor = apart(before) / apart(now);
    if (this.mode === "orbit") this.#pose.zoom(factor, this.radius);
    else this.#pose.move(0, 0, -Math.log(factor) * this.radius);
    this.#pan(0.5 * (now.x - before.x), 0.5 * (now.y - before.y));
  }

  #pan(dx: number, dy: number): void {
    const scale = this.#pose.distance / Math.max(1, Math.min(this.canvas.clientWidth, this.canvas.clientHeight));
    this.#pose.move(-dx * scale, dy * scale, 0);
  }

  #wheel(event: WheelEvent): void {
    event.preventDefault();
    const turned = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE : 1);
    if (this.mode === "orbit") this.#pose.zoom(Math.exp(turned * WHEEL), this.radius);
    else this.#pose.move(0, 0, -turned * WHEEL * this.radius);
    this.#moved(this.#pose);
  }

  #keyDown(event: KeyboardEvent): void {
    const moves = /^(Arrow|Key[WASDQE]$|Equal$|Minus$|Numpad(Add|Subtract)$|Shift)/.test(event.code);
    if (!moves || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.code.startsWith("Arrow")) event.preventDefault();
    this.#held.add(event.code);
    this.#moved(this.#pose);
  }
}
