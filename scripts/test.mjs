import { ensureBuilt } from './lib/build.mjs';
import { runChecks } from './lib/checks.mjs';
import { ensureInstalled } from './lib/install.mjs';
import { findNewerNode } from './lib/newer-node.mjs';
import { ensurePrograms } from './lib/programs.mjs';
import { say } from './lib/say.mjs';
import { runProject } from './lib/vitest.mjs';

const projects = ['unit', 'integration', 'threads', 'chaos', 'e2e'];

// `npm test -- e2e` runs one project; what follows goes to vitest: `npm test -- unit engine`.
const [first, ...rest] = process.argv.slice(2);
const chosen = first === undefined ? projects : projects.filter((project) => project === first);
const started = Date.now();
/** @type {import('./lib/vitest.mjs').Counts} */
const total = { passed: 0, failed: [], skipped: [] };

try {
  if (chosen.length === 0) throw new Error(`"${first}" is none of ${projects.join(', ')}`);
  await ensureInstalled(say);
  await ensurePrograms(say);
  await ensureBuilt(say);
  if (first === undefined) {
    heading('checks');
    for (const { name, passed } of await runChecks((line) => console.log(line))) {
      if (passed) total.passed++;
      else total.failed.push(`check: ${name}`);
    }
  }
  for (const project of chosen) {
    heading(project);
    const { passed, failed, skipped } = await runProject(project, rest, nodeFor(project));
    total.passed += passed;
    total.failed.push(...failed);
    total.skipped.push(...skipped);
  }
} catch (error) {
  // Still a result: whoever reads the last line must not take silence for success.
  total.failed.push(error instanceof Error ? error.message : String(error));
}

console.log(`\ndone in ${((Date.now() - started) / 1000).toFixed(0)} s`);
for (const name of total.skipped) console.log(`skipped  ${name}`);
for (const name of total.failed) console.log(`FAILED   ${name}`);
console.log(`${total.passed} passed, ${total.failed.length} failed, ${total.skipped.length} skipped`);
process.exitCode = total.failed.length === 0 && total.passed > 0 ? 0 : 1;

/**
 * What a project runs on: this Node, except for what needs a newer one. Where that cannot be had its tests skip themselves, by name.
 * @param {string} project
 */
function nodeFor(project) {
  if (project !== 'threads') return process.execPath;
  const found = findNewerNode(say);
  if ('path' in found) return found.path;
  say(`the tests of several threads are skipped: ${found.reason}`);
  return process.execPath;
}

/** @param {string} name */
function heading(name) {
  console.log(`\n-- ${name} --`);
}
