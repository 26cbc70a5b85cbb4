/**
 * Has PlayCanvas draw Gaussians as the original rasteriser and `ralhe render` do: with its low-pass, and out to where
 * their opacity ends. PlayCanvas ends them at 2.83 deviations, makes up for it further in, and blurs a quarter as much.
 */
import { SHADERLANGUAGE_GLSL, ShaderChunks, type GraphicsDevice } from "playcanvas";

interface Change {
  chunk: string;
  from: string;
  to: string;
}

const CHANGES: readonly Change[] = [
  // The shader measures in half pixels: 0.3 square pixels are 1.2 of its units.
  { chunk: "gsplatCornerVS", from: "+ 0.3", to: "+ 1.2" },
  { chunk: "gsplatCommonVS", from: "min(1.0, sqrt(max(0.0, log(alpha / alphaClipValue))) * 0.5)",
    to: "sqrt(max(0.0, log(alpha / alphaClipValue))) * 0.5" },
  { chunk: "gsplatPS", from: "return (exp(x * -4.0) - EXP4) * INV_EXP4;", to: "return exp(x * -4.0);" },
  { chunk: "gsplatPS", from: "if (A > 1.0) {", to: "if (A > 2.0) {" }, // alphaClipForward ends them sooner
  { chunk: "gsplatPS", from: "alpha = normExp(A) * gaussianColor.a", to: "alpha = min(0.99, normExp(A) * gaussianColor.a)" },
];

/** To be called before the first frame. Throws where the shaders are not those of the PlayCanvas this was made for. */
export function drawExactly(device: GraphicsDevice): void {
  const chunks = ShaderChunks.get(device, SHADERLANGUAGE_GLSL);
  for (const { chunk, from, to } of CHANGES) {
    const before = chunks.get(chunk) ?? "";
    if (!before.includes(from)) throw new Error(`${chunk} of PlayCanvas has changed; mend kernel.ts`);
    chunks.set(chunk, before.replaceAll(from, to));
  }
}
