/** The canvas and what PlayCanvas draws on it: one camera, one scene, a frame only where something changed. */
import {
  AppBase, AppOptions, CameraComponentSystem, Color, Entity, FILLMODE_NONE, GAMMA_SRGB, GSPLATDATA_LARGE,
  GSplatComponentSystem, RESOLUTION_AUTO, TONEMAP_NONE, WebglGraphicsDevice, type GSplatResource,
} from "playcanvas";
import type { Level } from "../decoder/index.js";
import { drawExactly } from "./kernel.js";
import type { Pose } from "./pose.js";
import { resourceOf } from "./resource.js";

const NEAR = 0.01; // of the distance to the target
const FAR = 1e4;
const MOST_PIXELS_RATIO = 2;

export class Stage {
  readonly #app: AppBase;
  readonly #camera: Entity;
  #splats: Entity | undefined;
  #resource: GSplatResource | undefined;
  /** Called before a frame with seconds since the last one. */
  onFrame: (seconds: number) => void = () => undefined;
  /** Called when a frame has drawn the newest level, sorted. */
  onShown: () => void = () => undefined;

  constructor(canvas: HTMLCanvasElement, background: string) {
    const device = new WebglGraphicsDevice(canvas, { antialias: false, alpha: false, powerPreference: "high-performance" });
    device.maxPixelRatio = Math.min(MOST_PIXELS_RATIO, window.devicePixelRatio);
    this.#app = new AppBase(canvas);
    const options = new AppOptions();
    options.graphicsDevice = device;
    options.componentSystems = [CameraComponentSystem, GSplatComponentSystem];
    this.#app.init(options);
    drawExactly(device);
    this.#app.setCanvasFillMode(FILLMODE_NONE);
    canvas.removeAttribute("style"); // the style sheet says how large it is
    this.#app.setCanvasResolution(RESOLUTION_AUTO);
    this.#app.autoRender = false;
    this.#camera = this.#addCamera(background);
    this.#sharpen();
    this.#app.on("update", (seconds: number) => this.onFrame(seconds));
    new ResizeObserver(() => this.redraw()).observe(canvas);
    this.#app.start();
  }

  /** Radians, of the height or the width, whichever is smaller. */
  setSmallerFov(radians: number): void {
    const { clientWidth, clientHeight } = this.#app.graphicsDevice.canvas;
    this.#camera.camera!.horizontalFov = clientWidth < clientHeight;
    this.#camera.camera!.fov = (radians * 180) / Math.PI;
    this.redraw();
  }

  /** Radians. */
  setHorizontalFov(radians: number): void {
    this.#camera.camera!.horizontalFov = true;
    this.#camera.camera!.fov = (radians * 180) / Math.PI;
    this.redraw();
  }

  get smallerFov(): number {
    const { clientWidth, clientHeight } = this.#app.graphicsDevice.canvas;
    const { fov, horizontalFov } = this.#camera.camera!;
    const half = Math.tan((fov * Math.PI) / 360);
    const across = horizontalFov ? half : (half * clientWidth) / Math.max(1, clientHeight);
    const along = horizontalFov ? (half * clientHeight) / Math.max(1, clientWidth) : half;
    return 2 * Math.atan(Math.min(across, along));
  }

  redraw(): void {
    this.#app.renderNextFrame = true;
  }

  look(pose: Pose): void {
    this.#camera.setPosition(pose.eye);
    this.#camera.lookAt(pose.target, pose.up);
    this.#camera.camera!.nearClip = NEAR * pose.distance;
    this.#camera.camera!.farClip = FAR * pose.distance;
    this.redraw();
  }

  /** Shows a level in place of the one before. */
  show(level: Level): void {
    const before = this.#resource;
    this.#app.scene.gsplat.antiAlias = level.antialiased;
    this.#resource = level.count ? resourceOf(this.#app.graphicsDevice, level) : undefined;
    this.#splats ??= this.#addSplats();
    this.#splats.gsplat!.resource = this.#resource ?? null;
    before?.destroy();
    if (!this.#resource) this.onShown();
    this.redraw();
  }

  #addCamera(background: string): Entity {
    const camera = new Entity("camera", this.#app);
    const [red, green, blue] = [0, 2, 4].map((i) => parseInt(background.slice(i, i + 2), 16) / 255);
    camera.addComponent("camera", {
      clearColor: new Color(red, green, blue), toneMapping: TONEMAP_NONE,
      gammaCorrection: GAMMA_SRGB, frustumCulling: false,
    });
    this.#app.root.addChild(camera);
    return camera;
  }

  #addSplats(): Entity {
    const entity = new Entity("splats", this.#app);
    entity.addComponent("gsplat");
    this.#app.root.addChild(entity);
    return entity;
  }

  /** Precision before memory: scenes of a megabyte are small. */
  #sharpen(): void {
    const { gsplat } = this.#app.scene;
    gsplat.dataFormat = GSPLATDATA_LARGE;
    gsplat.minPixelSize = 0;
    gsplat.colorUpdateAngle = 0;
    this.#app.systems.gsplat!.on("frame:request", () => this.redraw());
    this.#app.systems.gsplat!.on("frame:ready", (_camera: unknown, _layer: unknown, ready: boolean) => {
      if (ready && this.#resource) this.#app.once("postrender", () => this.onShown());
    });
  }
}
