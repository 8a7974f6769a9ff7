import { resolve } from 'node:path';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'electron-vite';

const at = (path: string): string => resolve(import.meta.dirname, path);
const alias = { '@shared': at('main/shared') };

export default defineConfig({
  main: {
    resolve: { alias },
    build: {
      target: 'node20', // the command line runs on the user's own Node
      externalizeDeps: false, // one file to read instead of a hundred: `ballast demo` is up in a moment
      rolldownOptions: {
        input: {
          index: at('main/index.ts'),
          cli: at('main/cli.ts'),
          'engine-worker': at('main/engine/worker.ts'),
        },
      },
    },
  },
  preload: {
    build: {
      externalizeDeps: false,
      rolldownOptions: {
        input: { index: at('preload/index.ts') },
        output: { format: 'cjs', entryFileNames: '[name].cjs' }, // a sandboxed window cannot load an ESM preload
      },
    },
  },
  renderer: {
    root: at('renderer'),
    resolve: { alias },
    plugins: [react()],
    build: { minify: true, rolldownOptions: { input: at('renderer/index.html') } },
  },
});
