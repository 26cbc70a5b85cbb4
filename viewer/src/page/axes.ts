/** Scenes of any axes in those of a trained .ply (x right, y down, z forward); src/ralhe/files/coordinates.py explains. */
import type { Coordinates, Level } from "../decoder/index.js";

const PLY = "RDF";
/** The axes in which each harmonic of degree 0 to 3 is odd. */
const ODD = ["", "y", "z", "x", "xy", "yz", "", "xz", "", "y", "xyz", "y", "z", "x", "z", "x"];

/** Turns the arrays of a level, in place, into those axes. */
export function turnToPly(level: Level): void {
  const flips = flipsOf(level.coordinates);
  if (flips.every((sign) => sign === 1)) return;
  const [x, y, z] = flips as [number, number, number];
  const handed = x * y * z;
  scale(level.positions, flips);
  scale(level.rotations, [1, handed * x, handed * y, handed * z]);
  const sign: Record<string, number> = { x, y, z };
  const bands = ODD.slice(0, (level.shDegree + 1) ** 2);
  const signs = bands.map((odd) => [...odd].reduce((product, axis) => product * sign[axis]!, 1));
  scale(level.sh, signs.flatMap((one) => [one, one, one]));
}

function flipsOf(coordinates: Coordinates): number[] {
  if (coordinates === "unspecified") return [1, 1, 1];
  return [...coordinates].map((letter, i) => (letter === PLY[i] ? 1 : -1));
}

/** Multiplies rows of `signs.length` numbers by the signs. */
function scale(values: Float32Array, signs: number[]): void {
  for (let i = 0; i < values.length; i += signs.length) {
    for (let j = 0; j < signs.length; j++) values[i + j]! *= signs[j]!;
  }
}
