import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { runQuietly } from './run.mjs';
import { root } from './tree.mjs';

const folders = ['main', 'preload', 'renderer'];

/** @typedef {Pick<import('dependency-cruiser').ICruiseResult, 'modules' | 'summary'>} CruiseResult */

/**
 * The floors of the house, by dependency-cruiser.
 * @param {string} [tree] the repository to look at
 * @returns {Promise<{ code: number | null, output: string }>}
 */
export async function checkBoundaries(tree = root) {
  const cruiser = join(root, 'node_modules', 'dependency-cruiser', 'bin', 'dependency-cruise.mjs');
  const config = join(root, '.dependency-cruiser.mjs');
  const { output } = await runQuietly(
    process.execPath,
    [cruiser, '--config', config, '--output-type', 'json', ...folders],
    { cwd: tree },
  );
  try {
    /** @type {CruiseResult} */
    const result = JSON.parse(output.slice(output.indexOf('{')));
    const problems = boundaryProblems(result, modulesOf(tree));
    return { code: problems.length === 0 ? 0 : 1, output: problems.join('\n') };
  } catch {
    return { code: 1, output };
  }
}

/**
 * Broken rules, and modules that were not looked at: dependency-cruiser passes happily over what it cannot read, such as everything
 * under a TypeScript it does not know.
 * @param {CruiseResult} result
 * @param {readonly string[]} modules
 */
export function boundaryProblems(result, modules) {
  const seen = new Set(result.modules.map(({ source }) => source));
  const missed = modules.filter((path) => !seen.has(path));
  return [
    ...result.summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`),
    ...missed.map((path) => `not cruised: ${path}`),
  ];
}

/**
 * Every source file that the rules are about, with slashes as dependency-cruiser writes them.
 * @param {string} tree
 */
function modulesOf(tree) {
  return folders.flatMap((folder) =>
    readdirSync(join(tree, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /(?<!\.d)\.tsx?$/.test(entry.name))
      .map((entry) => relative(tree, join(entry.parentPath, entry.name)).replaceAll('\\', '/')),
  );
}
