import { defineConfig } from "vitest/config";

// One script and one style sheet with plain names: a report puts them into one file (kirie.board), and the server's ETag does for caching
export default defineConfig({
  base: "./",
  // The tokens are read by the test of their contrast; of styles vitest gives nothing else
  test: { css: true },
  build: {
    outDir: "../kirie/web/page",
    emptyOutDir: true,
    target: "es2022",
    cssCodeSplit: false,
    modulePreload: false,
    // The licences of what is built in, as these ask
    license: { fileName: "licenses.md" },
    rollupOptions: {
      output: { entryFileNames: "page.js", assetFileNames: "page[extname]", codeSplitting: false },
    },
  },
});
