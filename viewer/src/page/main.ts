import { Bar } from "./bar.js";
import { Controls, type Mode } from "./controls.js";
import { frameOf, type Frame } from "./framing.js";
import { Player } from "./player.js";
import { Pose } from "./pose.js";
import { AddressError, readSettings, type CameraHint, type Settings } from "./settings.js";
import { Stage } from "./stage.js";

const BACKGROUND = "08090b";
const FOV = 40; // degrees, of the smaller side
const GLIDE_S = 0.7;
const UPS = [[0, -1, 0], [0, 0, 1], [0, 1, 0], [0, 0, -1], [1, 0, 0], [-1, 0, 0]];

function element<T extends HTMLElement = HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}

class Viewer {
  readonly #bar = new Bar();
  readonly #canvas = element<HTMLCanvasElement>("scene");
  readonly #stage: Stage;
  readonly #controls: Controls;
  readonly #player: Player;
  #frame: Frame = { middle: [0, 0, 0], radius: 1 };
  #home = new Pose();
  #hint: CameraHint | undefined;
  #touched = false;
  #opened = 0; // files since the page was opened
  #glide: { from: Pose; to: Pose; passed: number } | undefined;

  constructor(private readonly settings: Settings) {
    this.#stage = new Stage(this.#canvas, settings.background ?? BACKGROUND);
    this.#controls = new Controls(this.#canvas, new Pose(), (pose) => this.#moved(pose));
    this.#player = new Player(this.#stage, this.#bar, wasmOf(settings));
    this.#player.onFirst = (level) => this.#arrive(frameOf(level));
    this.#stage.onFrame = (seconds) => this.#advance(seconds);
    new ResizeObserver(() => this.#setFov()).observe(this.#canvas);
    this.#setFov();
    this.#hint = settings.camera;
    this.#connect();
  }

  start(): void {
    const { src, data, maxBytes } = this.settings;
    const name = this.settings.name ?? plain(src?.split(/[?#]/)[0]?.split("/").pop() ?? "scene");
    if (data !== undefined) void this.#player.play({ source: bytesOf(data), name, maxBytes });
    else if (src !== undefined) {
      void this.#player.play({ source: new URL(src, document.baseURI), name, maxBytes });
      if (!this.#hint && this.settings.cameras) void this.#askCamera(this.settings.cameras, src);
    } else this.#bar.say("Drop a .ralhe file here, or choose one with Open.");
  }

  open(file: File): void {
    this.#opened++;
    this.#hint = undefined;
    this.#touched = false;
    delete document.documentElement.dataset["level"];
    void this.#player.play({ source: file, name: file.name });
  }

  /** A better first camera may come late; it is taken unless somebody has moved by then. */
  async #askCamera(cameras: string, src: string): Promise<void> {
    const opened = this.#opened;
    const response = await fetch(cameras + encodeURIComponent(src));
    const hint = response.ok ? ((await response.json()) as CameraHint | null) : null;
    if (!hint || this.#touched || opened !== this.#opened) return;
    this.#hint = hint;
    this.#home = Pose.of(hint);
    if (document.documentElement.dataset["level"] !== undefined) this.#glideTo(this.#home);
  }

  #arrive(frame: Frame): void {
    this.#frame = frame;
    this.#controls.radius = frame.radius;
    const smaller = this.#stage.smallerFov;
    this.#home = this.#hint ? Pose.of(this.#hint) : Pose.framing(frame, this.settings.up ?? UPS[0]!, smaller);
    this.#set(this.#home.copy());
  }

  #setFov(): void {
    const { fov } = this.settings;
    if (fov === undefined) this.#stage.setSmallerFov(radians(FOV));
    else this.#stage.setHorizontalFov(radians(fov));
  }

  #set(pose: Pose): void {
    this.#controls.pose = pose;
    this.#stage.look(pose);
  }

  #moved(pose: Pose): void {
    this.#touched = true;
    this.#glide = undefined;
    this.#stage.look(pose);
  }

  #glideTo(to: Pose): void {
    const quiet = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (quiet || to.up.dot(this.#controls.pose.up) < 0.999) return this.#set(to.copy());
    this.#glide = { from: this.#controls.pose.copy(), to, passed: 0 };
    this.#stage.redraw();
  }

  #advance(seconds: number): void {
    this.#controls.advance(seconds);
    if (!this.#glide) return;
    const glide = this.#glide;
    glide.passed = Math.min(1, glide.passed + seconds / GLIDE_S);
    if (glide.passed === 1) this.#glide = undefined;
    this.#set(glide.from.towards(glide.to, glide.passed));
  }

  #connect(): void {
    element("reset").addEventListener("click", () => this.#reset());
    element("up").addEventListener("click", () => this.#nextUp());
    element("mode").addEventListener("click", () => this.#setMode(this.#controls.mode === "orbit" ? "fly" : "orbit"));
    element("help").addEventListener("click", () => element<HTMLDialogElement>("keys").showModal());
    const chooser = element<HTMLInputElement>("file");
    element("open").addEventListener("click", () => chooser.click());
    chooser.addEventListener("change", () => {
      const file = chooser.files?.[0];
      if (file) this.open(file);
      chooser.value = "";
    });
    this.#canvas.addEventListener("keydown", (event) => {
      if (event.code === "KeyR") this.#reset();
      if (event.code === "KeyU") this.#nextUp();
      if (event.code === "KeyF") this.#setMode(this.#controls.mode === "orbit" ? "fly" : "orbit");
      if (event.code === "Escape") this.#player.stop();
    });
    acceptDrops((file) => this.open(file));
  }

  #reset(): void {
    this.#touched = false;
    this.#glideTo(this.#home);
  }

  #nextUp(): void {
    const { up } = this.#controls.pose;
    const now = UPS.findIndex(([x, y, z]) => up.x * x! + up.y * y! + up.z * z! > 0.99);
    this.#home = Pose.framing(this.#frame, UPS[(now + 1) % UPS.length]!, this.#stage.smallerFov);
    this.#touched = true;
    this.#set(this.#home.copy());
  }

  #setMode(mode: Mode): void {
    this.#controls.mode = mode;
    element("mode").textContent = mode === "orbit" ? "Orbit" : "Fly";
    this.#bar.whisper(mode === "orbit" ? "Moving around the scene" : "Moving through the scene");
  }
}

function acceptDrops(take: (file: File) => void): void {
  const root = document.documentElement;
  addEventListener("dragover", (event) => {
    event.preventDefault();
    root.dataset["drop"] = "";
  });
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) delete root.dataset["drop"];
  });
  addEventListener("drop", (event) => {
    event.preventDefault();
    delete root.dataset["drop"];
    const file = event.dataTransfer?.files[0];
    if (file) take(file);
  });
}

/** A part of an address as people write it; as it is, where it does not decode. */
function plain(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function radians(degrees: number): number {
  return (degrees * Math.PI) / 180;
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

function wasmOf(settings: Settings): Uint8Array<ArrayBuffer> | URL {
  const inline = settings.wasm.startsWith("data:") ? settings.wasm.split(",")[1] : undefined;
  return inline === undefined ? new URL(settings.wasm, document.baseURI) : bytesOf(inline);
}

try {
  new Viewer(readSettings()).start();
} catch (error) {
  document.documentElement.dataset["state"] = "over";
  const lacksGraphics = !(error instanceof AddressError);
  const what = error instanceof Error ? error.message : String(error);
  new Bar().say(lacksGraphics ? `This browser cannot draw the scene (WebGL 2 is missing?): ${what}` : what, "failure");
}
