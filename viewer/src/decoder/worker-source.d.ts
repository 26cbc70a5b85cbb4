/** The bundled worker as text, which build.mjs puts in. */
declare module "worker:decoder" {
  const source: string;
  export default source;
}
