// The engine by itself in one file, for measurements that run it without an owner.
import { join } from 'node:path';
import { root } from '../../scripts/lib/tree.mjs';

const entry = `
export { createEngine } from '${root}main/engine/engine.ts';
export { systemClock } from '${root}main/engine/clock.ts';
export { parseConfig } from '${root}main/shared/config/parse.ts';
`;

/**
 * @param {string} folder
 * @returns {Promise<string>} path of a module that exports `createEngine`, `systemClock` and `parseConfig`
 */
export async function bundleEngine(folder) {
  const { build } = await import('vite');
  await build({
    configFile: false,
    root,
    logLevel: 'error',
    resolve: { alias: { '@shared': join(root, 'main', 'shared') } },
    ssr: { noExternal: true },
    plugins: [
      {
        name: 'entry',
        resolveId: (id) => (id === 'entry' ? id : null),
        load: (id) => (id === 'entry' ? entry : null),
      },
    ],
    build: {
      ssr: true,
      outDir: folder,
      emptyOutDir: false,
      rolldownOptions: { input: { engine: 'entry' }, output: { entryFileNames: 'engine.mjs' } },
    },
  });
  return join(folder, 'engine.mjs');
}
