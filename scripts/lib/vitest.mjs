import { readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { run } from './run.mjs';
import { root } from './tree.mjs';

/** @typedef {{ passed: number, failed: string[], skipped: string[] }} Counts */

/**
 * @typedef {{ fullName: string, status: string }} AssertionResult
 * @typedef {{ name: string, status: string, message: string, assertionResults: AssertionResult[] }} FileResult
 */

/**
 * Runs one vitest project and counts by its report. A runner that died, left no report or ran nothing counts as a failure: what was
 * not seen to pass has not passed.
 * @param {string} project
 * @param {readonly string[]} args
 * @param {string} node path of the Node to run it with
 * @returns {Promise<Counts>}
 */
export async function runProject(project, args, node = process.execPath) {
  const report = join(root, 'node_modules', `.ballast-report-${project}-${process.pid}.json`);
  rmSync(report, { force: true });
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const reporting = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const { code, signal } = await run(node, [vitest, 'run', '--project', project, ...reporting, ...args]);
  try {
    return count(project, JSON.parse(readFileSync(report, 'utf8')).testResults, code ?? signal);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return {
      passed: 0,
      failed: [`${project}: the runner ended with ${code ?? signal} (${reason})`],
      skipped: [],
    };
  } finally {
    rmSync(report, { force: true });
  }
}

/**
 * @param {string} project
 * @param {FileResult[]} files
 * @param {number | string | null} ended how the runner ended
 * @returns {Counts}
 */
export function count(project, files, ended) {
  /** @type {Counts} */
  const counts = { passed: 0, failed: [], skipped: [] };
  for (const { name, status, message, assertionResults } of files) {
    const file = relative(root, name);
    for (const test of assertionResults) {
      if (test.status === 'passed') counts.passed++;
      else if (test.status === 'failed') counts.failed.push(`${file}: ${test.fullName}`);
      else counts.skipped.push(`${file}: ${test.fullName}`);
    }
    // A file that could not even be loaded, or whose hooks failed, has no failed test of its own.
    const failedHere = assertionResults.some((test) => test.status === 'failed');
    if (status === 'failed' && !failedHere) counts.failed.push(`${file}: ${message.split('\n')[0]}`);
    else if (assertionResults.length === 0) counts.failed.push(`${file}: no tests`);
  }
  if (counts.passed + counts.failed.length + counts.skipped.length === 0)
    counts.failed.push(`${project}: no tests were found`);
  if (ended !== 0 && counts.failed.length === 0)
    counts.failed.push(
      `${project}: the runner ended with ${ended} though every test passed; see its words above`,
    );
  return counts;
}
