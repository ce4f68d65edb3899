import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Leaves a gzip beside each script and style sheet, which the service sends to whoever takes it. */
const compressed: Plugin = {
  name: "compressed",
  generateBundle(_options, bundle) {
    for (const part of Object.values(bundle)) {
      if (!/\.(?:js|css)$/.test(part.fileName)) continue;
      const source = gzipSync(part.type === "chunk" ? part.code : part.source, { level: 9 });
      this.emitFile({ type: "asset", fileName: `${part.fileName}.gz`, source });
    }
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
    rollupOptions: { input: { capture: here("capture.html"), demo: here("demo.html") } },
  },
});
