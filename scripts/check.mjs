import { ensureInstalled } from './lib/install.mjs';
import { fail, say } from './lib/say.mjs';

try {
  await ensureInstalled(say);
  const { runChecks } = await import('./lib/checks.mjs');
  const results = await runChecks((line) => console.log(line));
  const failed = results.filter(({ passed }) => !passed);
  console.log(`${results.length - failed.length} passed, ${failed.length} failed, 0 skipped`);
  if (failed.length > 0) process.exit(1);
} catch (error) {
  fail(error);
}
