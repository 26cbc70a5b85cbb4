import { GSplatData, GSplatResource, type GraphicsDevice } from "playcanvas";
import type { Level } from "../decoder/index.js";

/** The textures that PlayCanvas draws a level from. */
export function resourceOf(device: GraphicsDevice, level: Level): GSplatResource {
  const columns = new Map<string, Float32Array>();
  const add = (names: string[], values: Float32Array) => {
    split(values, names.length).forEach((column, i) => columns.set(names[i]!, column));
  };
  add(["x", "y", "z"], level.positions);
  add(["scale_0", "scale_1", "scale_2"], level.logScales);
  add(["rot_0", "rot_1", "rot_2", "rot_3"], level.rotations);
  add(["opacity"], level.opacityLogits);
  add(harmonicNames(level.shDegree), level.sh);
  const properties = [...columns].map(([name, storage]) => ({ type: "float", name, storage, byteSize: 4 }));
  return new GSplatResource(device, new GSplatData([{ name: "vertex", count: level.count, properties }]));
}

/** Names of the columns of `sh` in its order, in which R, G and B are innermost and in files outermost. */
function harmonicNames(degree: number): string[] {
  const rest = (degree + 1) ** 2 - 1;
  const names = ["f_dc_0", "f_dc_1", "f_dc_2"];
  for (let k = 0; k < rest; k++) for (let c = 0; c < 3; c++) names.push(`f_rest_${c * rest + k}`);
  return names;
}

/** The columns of rows of `width` numbers. */
function split(values: Float32Array, width: number): Float32Array[] {
  const rows = values.length / width;
  return Array.from({ length: width }, (_, j) => {
    const column = new Float32Array(rows);
    for (let i = 0, at = j; i < rows; i++, at += width) column[i] = values[at]!;
    return column;
  });
}
