import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// biome-ignore lint/style/noDefaultExport: Vite reads its settings from the default export
export default defineConfig({
  root: here("."),
  base: "/pages/",
  plugins: [react()],
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
