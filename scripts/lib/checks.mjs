import { join } from 'node:path';
import { checkBoundaries } from './boundaries.mjs';
import { runQuietly } from './run.mjs';
import { root } from './tree.mjs';

const bin = (/** @type {string} */ path) => join(root, 'node_modules', path);

/** @typedef {{ name: string, run: () => Promise<{ code: number | null, output: string }> }} Check */

/**
 * What did not change since the last run is not looked at again, which takes a quarter of the time.
 * @param {string} runtime
 */
function types(runtime) {
  const known = join(root, 'node_modules', '.cache', 'tsc', `${runtime}.tsbuildinfo`);
  const args = ['-p', `tsconfig.${runtime}.json`, '--pretty', '--incremental', '--tsBuildInfoFile', known];
  return {
    name: `types: ${runtime}`,
    run: () => runQuietly(process.execPath, [bin('typescript/bin/tsc'), ...args]),
  };
}

/** @param {...string} args */
function biome(...args) {
  return () =>
    runQuietly(process.execPath, [bin('@biomejs/biome/bin/biome'), ...args, '--colors=off', '.'], {});
}

/** Every check that is no test, in the order of what is found most often. One tsconfig per runtime. */
export const checks = /** @type {Check[]} */ ([
  { name: 'format', run: biome('format') },
  { name: 'lint', run: biome('lint', '--error-on-warnings') },
  ...['shared', 'engine', 'main', 'preload', 'renderer', 'test', 'scripts'].map(types),
  { name: 'boundaries', run: checkBoundaries },
]);

/**
 * Runs them all, two at a time, and tells each result.
 * @param {(line: string) => void} tell
 * @returns {Promise<{ name: string, passed: boolean }[]>}
 */
export async function runChecks(tell) {
  /** @type {{ name: string, passed: boolean }[]} */
  const results = [];
  const waiting = [...checks];
  const worker = async () => {
    for (let check = waiting.shift(); check; check = waiting.shift()) {
      const started = Date.now();
      const { code, output } = await check.run();
      const passed = code === 0;
      results.push({ name: check.name, passed });
      tell(`${passed ? 'ok  ' : 'FAIL'}  ${check.name}  (${((Date.now() - started) / 1000).toFixed(1)} s)`);
      if (!passed) tell(output.trim());
    }
  };
  await Promise.all([worker(), worker()]);
  return checks.map(({ name }) => results.find((result) => result.name === name) ?? { name, passed: false });
}
