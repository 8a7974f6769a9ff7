import { ensureInstalled } from './lib/install.mjs';
import { fail, say } from './lib/say.mjs';

try {
  await ensureInstalled(say);
  const { ensureBuilt, isBuildStale } = await import('./lib/build.mjs');
  if (!isBuildStale()) say('out/ is up to date');
  await ensureBuilt(say);
} catch (error) {
  fail(error);
}
