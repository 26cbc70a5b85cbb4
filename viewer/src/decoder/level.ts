/** What x, y and z point to: Left or Right, Down or Up, Back or Forward. */
export type Coordinates = "unspecified" | "LDB" | "RDB" | "LUB" | "RUB" | "LDF" | "RDF" | "LUF" | "RUF";

export const COORDINATES: readonly Coordinates[] = [
  "unspecified", "LDB", "RDB", "LUB", "RUB", "LDF", "RDF", "LUF", "RUF",
];

/** A whole scene at one level of detail. Each level replaces the one before. Nodes come in Morton order. */
export interface Level {
  /** Octree level of the nodes; the scene is complete where it equals `depth`. */
  level: number;
  depth: number;
  /** Gaussians, N below. */
  count: number;
  /** [N, 3] scene units. */
  positions: Float32Array<ArrayBuffer>;
  /** [N, 3] natural logarithms of scene units. */
  logScales: Float32Array<ArrayBuffer>;
  /** [N, 4] w, x, y, z of unit norm. */
  rotations: Float32Array<ArrayBuffer>;
  /** [N] opacities before the logistic function. */
  opacityLogits: Float32Array<ArrayBuffer>;
  /** [N, (shDegree + 1)^2, 3] coefficients, R, G, B innermost. */
  sh: Float32Array<ArrayBuffer>;
  /** 0 to 3. */
  shDegree: number;
  /** Trained with a compensated low-pass filter (Mip-Splatting). */
  antialiased: boolean;
  coordinates: Coordinates;
  /** Bytes of the prefix that decodes to this level. */
  bytes: number;
  /** Bytes of the whole stream, by its header. */
  totalBytes: number;
  /** Milliseconds that all decoding up to here took. */
  decodeMs: number;
}

export const ARRAYS = ["positions", "logScales", "rotations", "opacityLogits", "sh"] as const;
