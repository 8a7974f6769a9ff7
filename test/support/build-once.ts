import { ensureBuilt } from '../../scripts/lib/build.mjs';

/**
 * Global setup of the projects whose tests run what was built: builds when `out/` is stale, once for all of them.
 * `BALLAST_BUILD=keep` uses `out/` as it stands.
 */
export default async function buildOnce(): Promise<void> {
  if (process.env.BALLAST_BUILD === 'keep') return;
  await ensureBuilt((line) => console.error(`ballast: ${line}`));
}
