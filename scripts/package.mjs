import { join } from 'node:path';
import { ensureBuilt } from './lib/build.mjs';
import { ensureElectronRuntime } from './lib/electron-runtime.mjs';
import { ensureInstalled } from './lib/install.mjs';
import { run } from './lib/run.mjs';
import { fail, say } from './lib/say.mjs';
import { root } from './lib/tree.mjs';

// Packages for this platform; `npm run package -- --win --x64` and the like choose others.
try {
  await ensureInstalled(say);
  await ensureBuilt(say);
  const runtime = await ensureElectronRuntime(say, { insist: true });
  if ('missing' in runtime) {
    throw new Error(
      `no package can be made here: Electron's runtime ${runtime.missing}; run this where github.com can be reached`,
    );
  }
  const builder = join(root, 'node_modules', 'electron-builder', 'cli.js');
  const { code } = await run(process.execPath, [builder, '--publish', 'never', ...process.argv.slice(2)]);
  if (code !== 0) throw new Error(`electron-builder ended with ${code}; its words stand above`);
  say('the packages lie in dist/');
} catch (error) {
  fail(error);
}
