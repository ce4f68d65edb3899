import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Leaves a gzip beside each script and style sheet, which the service sends to whoever takes it. */
const compressed: Plugin = {
  name: "compressed",
  // Once all is written: plugins still change the scripts while they are put together.
  writeBundle({ dir = "" }, bundle) {
    for (const name of Object.keys(bundle).filter((name) => /\.(?:js|css|wasm)$/.test(name)))
      writeFileSync(join(dir, `${name}.gz`), gzipSync(readFileSync(join(dir, name)), { level: 9 }));
  },
};

/**
 * WebAssembly for the face networks, where a phone has no graphics processor that they can use: without threads, which
 * browsers give to isolated pages alone. The library asks for it by these names, so the version is in the folder's.
 */
const WASM_FILES = ["tfjs-backend-wasm-simd.wasm", "tfjs-backend-wasm.wasm"];

function wasm(): { readonly folder: string | null; readonly plugin: Plugin } {
  const { resolve } = createRequire(import.meta.url);
  const name = "wasm";
  let manifest: string;
  try {
    manifest = resolve("@tensorflow/tfjs-backend-wasm/package.json");
  } catch {
    process.stderr.write("@tensorflow/tfjs-backend-wasm is not installed: built without it. Run: npm ci\n");
    return { folder: null, plugin: { name } };
  }
  const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };
  const folder = `assets/tfjs-wasm-${version}`;
  const generateBundle: Plugin["generateBundle"] = function () {
    for (const file of WASM_FILES) {
      const source = readFileSync(join(dirname(manifest), "dist", file));
      this.emitFile({ type: "asset", fileName: `${folder}/${file}`, source });
    }
  };
  return { folder: `/pages/${folder}/`, plugin: { name, generateBundle } };
}
const faster = wasm();

// biome-ignore lint/style/noDefaultExport: Vite reads its settings from the default export
export default defineConfig({
  root: here("."),
  base: "/pages/",
  plugins: [react(), faster.plugin, compressed],
  define: { "import.meta.env.WASM_FOLDER": JSON.stringify(faster.folder) },
  build: {
    outDir: here("dist"),
    emptyOutDir: true,
    // Inline code and data: scripts are what the pages' policy forbids.
    assetsInlineLimit: 0,
    // The guide's face networks run on a library of a megabyte and a half, fetched only before the face step.
    chunkSizeWarningLimit: 1800,
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: { capture: here("capture.html"), review: here("review.html"), demo: here("demo.html") },
    },
  },
});
