import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { runQuietly } from './run.mjs';
import { root } from './tree.mjs';

const folders = ['main', 'preload', 'renderer'];

/**
 * The floors of the house, by dependency-cruiser. It passes happily over files it cannot read (under a TypeScript it does not know,
 * say), so it must also have seen every module of the tree.
 * @returns {Promise<{ code: number | null, output: string }>}
 */
export async function checkBoundaries() {
  const cruiser = join(root, 'node_modules', 'dependency-cruiser', 'bin', 'dependency-cruise.mjs');
  const { output } = await runQuietly(process.execPath, [
    cruiser,
    '--config',
    '.dependency-cruiser.mjs',
    '--output-type',
    'json',
    ...folders,
  ]);
  /** @type {import('dependency-cruiser').ICruiseResult} */
  let result;
  try {
    result = JSON.parse(output.slice(output.indexOf('{')));
  } catch {
    return { code: 1, output };
  }
  const seen = new Set(result.modules.map(({ source }) => source));
  const missed = modulesOfTree().filter((path) => !seen.has(path));
  const problems = [
    ...result.summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`),
    ...missed.map((path) => `not cruised: ${path}`),
  ];
  return { code: problems.length === 0 ? 0 : 1, output: problems.join('\n') };
}

/** Every source file that the rules are about, with slashes as dependency-cruiser writes them. */
function modulesOfTree() {
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /(?<!\.d)\.tsx?$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name).slice(root.length).replaceAll('\\', '/')),
  );
}
