/** Where the camera stands: a target, a distance, and two angles about an axis that is up. */
import { Vec3 } from "playcanvas";
import type { Frame } from "./framing.js";
import type { CameraHint } from "./settings.js";

const STEEPEST = 0.49 * Math.PI;
const NEAREST = 1e-3; // times the radius of the scene
const FARTHEST = 30;
const FIRST_YAW = 0.5;
const FIRST_PITCH = 0.3;

export class Pose {
  readonly target = new Vec3();
  distance = 1;
  /** Radians; a yaw of 0 looks along the first level axis. */
  yaw = FIRST_YAW;
  pitch = FIRST_PITCH;
  up = new Vec3(0, -1, 0);

  /** Looks at a scene from a little above so that it fills the smaller of the fields of view (radians). */
  static framing(frame: Frame, up: number[], fov: number): Pose {
    const pose = new Pose();
    pose.up.set(up[0]!, up[1]!, up[2]!).normalize();
    pose.target.set(frame.middle[0]!, frame.middle[1]!, frame.middle[2]!);
    pose.distance = frame.radius / Math.sin(0.5 * fov);
    pose.yaw = pose.#yawOf(new Vec3(0, 0, -1), FIRST_YAW); // trained cameras look along z
    return pose;
  }

  static of(hint: CameraHint): Pose {
    const pose = new Pose();
    pose.up.set(hint.up[0]!, hint.up[1]!, hint.up[2]!).normalize();
    pose.target.set(hint.target[0]!, hint.target[1]!, hint.target[2]!);
    const outward = new Vec3(hint.eye[0]!, hint.eye[1]!, hint.eye[2]!).sub(pose.target);
    pose.distance = Math.max(outward.length(), 1e-9);
    outward.mulScalar(1 / pose.distance);
    pose.pitch = clamp(Math.asin(clamp(outward.dot(pose.up), 1)), STEEPEST);
    pose.yaw = pose.#yawOf(outward, 0);
    return pose;
  }

  copy(): Pose {
    const pose = Object.assign(new Pose(), { distance: this.distance, yaw: this.yaw, pitch: this.pitch });
    pose.target.copy(this.target);
    pose.up.copy(this.up);
    return pose;
  }

  /** Part of the way (0 to 1) to another pose with the same up, beginning and ending slowly. */
  towards(other: Pose, part: number): Pose {
    const share = part * part * (3 - 2 * part);
    const pose = other.copy();
    const turn = Math.atan2(Math.sin(other.yaw - this.yaw), Math.cos(other.yaw - this.yaw));
    pose.yaw = this.yaw + share * turn;
    pose.pitch = this.pitch + share * (other.pitch - this.pitch);
    pose.distance = this.distance * (other.distance / this.distance) ** share;
    pose.target.lerp(this.target, other.target, share);
    return pose;
  }

  /** Unit vector from the target to the eye. */
  get outward(): Vec3 {
    const [first, second] = this.#level();
    const flat = Math.cos(this.pitch);
    return first.mulScalar(flat * Math.cos(this.yaw)).add(second.mulScalar(flat * Math.sin(this.yaw)))
      .add(this.up.clone().mulScalar(Math.sin(this.pitch)));
  }

  get eye(): Vec3 {
    return this.outward.mulScalar(this.distance).add(this.target);
  }

  /** Turns about the target. */
  orbit(yaw: number, pitch: number): void {
    this.yaw += yaw;
    this.pitch = clamp(this.pitch + pitch, STEEPEST);
  }

  /** Turns about the eye. */
  look(yaw: number, pitch: number): void {
    const eye = this.eye;
    this.orbit(yaw, pitch);
    this.target.copy(eye).sub(this.outward.mulScalar(this.distance));
  }

  /** Moves eye and target; right, up and forward as the camera sees them, scene units. */
  move(right: number, up: number, forward: number): void {
    const back = this.outward;
    const aside = new Vec3().cross(this.up, back).normalize();
    const above = new Vec3().cross(back, aside);
    this.target.add(aside.mulScalar(right)).add(above.mulScalar(up)).sub(back.mulScalar(forward));
  }

  /** Comes closer, or goes away for factors above 1; the limits are those of a scene of this radius. */
  zoom(factor: number, radius: number): void {
    this.distance = Math.min(FARTHEST * radius, Math.max(NEAREST * radius, this.distance * factor));
  }

  #level(): [Vec3, Vec3] {
    const axes = [new Vec3(1, 0, 0), new Vec3(0, 1, 0), new Vec3(0, 0, 1)];
    const aside = axes.reduce((a, b) => (Math.abs(b.dot(this.up)) < Math.abs(a.dot(this.up)) - 1e-6 ? b : a));
    const first = new Vec3().cross(aside, this.up).normalize();
    return [first, new Vec3().cross(this.up, first)];
  }

  /** Angle of a direction seen from above, and `turn` further; of one along up, `turn` alone. */
  #yawOf(direction: Vec3, turn: number): number {
    const [first, second] = this.#level();
    const x = direction.dot(first);
    const y = direction.dot(second);
    return (Math.hypot(x, y) > 1e-6 ? Math.atan2(y, x) : 0) + turn;
  }
}

function clamp(value: number, most: number): number {
  return Math.min(most, Math.max(-most, value));
}
