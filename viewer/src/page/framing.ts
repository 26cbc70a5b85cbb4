/** Where a scene is and how large, told by what most of its matter does: a few far floaters move nothing. */
import type { Level } from "../decoder/index.js";

export interface Frame {
  /** [3] scene units. */
  middle: number[];
  /** Of a ball that holds nearly all, scene units. */
  radius: number;
}

const LEFT_OUT = 0.02; // share of the matter, on each side of each axis

export function frameOf(level: Level): Frame {
  const weights = level.opacityLogits.map((logit) => 1 / (1 + Math.exp(-logit)));
  const sides = [0, 1, 2].map((axis) => range(column(level.positions, axis), weights));
  const middle = sides.map(([low, high]) => 0.5 * (low + high));
  const radius = 0.5 * Math.hypot(...sides.map(([low, high]) => high - low));
  return { middle, radius: radius > 0 ? radius : sizeOf(level) };
}

function column(positions: Float32Array, axis: number): Float32Array {
  return positions.filter((_, i) => i % 3 === axis);
}

/** Where the matter begins and ends along an axis, without the share that is left out. */
function range(values: Float32Array, weights: Float32Array): [number, number] {
  const order = Uint32Array.from(values.keys()).sort((a, b) => values[a]! - values[b]!);
  const whole = weights.reduce((sum, weight) => sum + weight, 0);
  const beyond = (indices: Uint32Array) => {
    let seen = 0;
    return values[indices.find((i) => (seen += weights[i]!) >= LEFT_OUT * whole) ?? 0] ?? 0;
  };
  return [beyond(order), beyond(order.reverse())];
}

/** For a scene of one place. */
function sizeOf(level: Level): number {
  return level.count ? 3 * Math.exp(Math.max(...level.logScales.subarray(0, 3))) : 1;
}
