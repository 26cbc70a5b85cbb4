/** Bundles the page into src/ralhe/page, which the Python package ships, and tells how large it is. */
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { brotliCompressSync } from "node:zlib";
import { build } from "esbuild";

const root = new URL("..", import.meta.url);
const page = new URL(process.argv[2] ? `file://${process.argv[2]}/` : "src/ralhe/page/", root);
const core = new URL("src/ralhe/core/core.wasm", root);
if (!existsSync(core)) throw new Error("core.wasm is missing: run pip install -e . in the root first");
const here = new URL(".", import.meta.url).pathname;
const common = {
  absWorkingDir: here, bundle: true, minify: true, format: "esm", target: "es2022", legalComments: "none", write: false,
  charset: "utf8",
};

/** The worker is a bundle of its own, carried as text and started from a blob: one file fits any host. */
const worker = {
  name: "worker",
  setup(builder) {
    builder.onResolve({ filter: /^worker:decoder$/ }, () => ({ path: "src/decoder/worker.ts", namespace: "worker" }));
    builder.onLoad({ filter: /.*/, namespace: "worker" }, async ({ path }) => {
      const made = await build({ ...common, format: "iife", entryPoints: [path] });
      return { contents: made.outputFiles[0].text, loader: "text" };
    });
  },
};

/** The page draws with WebGL 2 alone, so the shaders for WebGPU stay away: a sixth of the page. */
const oneShadingLanguage = {
  name: "one-shading-language",
  setup(builder) {
    builder.onLoad({ filter: /shader-lib\/wgsl\/chunks\/.*\.js$/ }, async ({ path }) => {
      const [, list] = /export \{([^}]*)\}/.exec(await readFile(path, "utf8"));
      const names = list.split(",").map((item) => item.trim().split(/\s+as\s+/).pop());
      return { contents: `const none = ""; export { ${names.map((name) => `none as ${name}`).join(", ")} };` };
    });
  },
};

async function bundle(entry, banner, ...outputs) {
  const plugins = [worker, oneShadingLanguage];
  const made = await build({ ...common, entryPoints: [entry], plugins, banner: { js: banner } });
  for (const output of outputs) await writeFile(output, made.outputFiles[0].contents);
}

const dist = new URL("dist/", import.meta.url);
await mkdir(page, { recursive: true });
await mkdir(dist, { recursive: true });
const playcanvas = new URL("node_modules/playcanvas/", import.meta.url);
const { version } = JSON.parse(await readFile(new URL("package.json", playcanvas), "utf8"));
const terms = (await readFile(new URL("LICENSE", playcanvas), "utf8")).trim(); // they ask to come along
const licence = `/* ralhe, Apache-2.0. Contains PlayCanvas ${version}:\n\n${terms}\n*/`;
await bundle("src/page/main.ts", licence, new URL("viewer.js", page));
await bundle("src/decoder/index.ts", "/* ralhe, Apache-2.0. */", new URL("decoder.js", page), new URL("index.js", dist));
await copyFile(core, new URL("core.wasm", dist));
for (const name of ["index.html", "viewer.css"]) {
  await copyFile(new URL(`src/page/${name}`, import.meta.url), new URL(name, page));
}

let sum = 0;
for (const file of ["index.html", "viewer.css", "viewer.js", "core.wasm"]) {
  const bytes = await readFile(file === "core.wasm" ? core : new URL(file, page));
  const brotli = brotliCompressSync(bytes).length;
  sum += brotli;
  console.log(`${file}\t${bytes.length}\t${brotli}`);
}
console.log(`page\t\t${sum}`);
