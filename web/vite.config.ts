import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
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
    for (const name of Object.keys(bundle).filter((name) => /\.(?:js|css)$/.test(name)))
      writeFileSync(join(dir, `${name}.gz`), gzipSync(readFileSync(join(dir, name)), { level: 9 }));
  },
};

// biome-ignore lint/style/noDefaultExport: Vite reads its settings from the default export
export default defineConfig({
  root: here("."),
  base: "/pages/",
  plugins: [react(), compressed],
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
