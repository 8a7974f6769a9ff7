import { parseArgs } from 'node:util';
import { runnerImport } from 'vite';
import { ensureInstalled } from './lib/install.mjs';
import { fail, say } from './lib/say.mjs';
import { root } from './lib/tree.mjs';

const usage = 'npm run fuzz -- [--seed N] [--runs N] [--seconds N] [--only head|chunked|response]';

try {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      runs: { type: 'string', default: '1000000000' },
      seconds: { type: 'string', default: '60' },
      only: { type: 'string' },
    },
  });
  const [seed, runs, seconds] = [values.seed, values.runs, values.seconds].map(Number);
  const { only } = values;
  if (![seed, runs, seconds].every((each) => Number.isFinite(each) && Number(each) >= 0))
    throw new Error(usage);
  await ensureInstalled(say);
  const { module } = await runnerImport('./test/fuzz/fuzz.ts', {
    root,
    configFile: false,
    resolve: { alias: { '@shared': `${root}/main/shared` } },
  });
  if (only !== undefined && !module.kinds.includes(only)) throw new Error(usage);
  console.log(
    `seed ${seed}, at most ${seconds} s, Node ${process.version}, llhttp ${process.versions.llhttp}`,
  );
  const started = performance.now();
  const result = await module.fuzz({ seed, runs, seconds, only });
  for (const failure of result.failures) console.log(module.describeFailure(failure, seed));
  const took = (performance.now() - started) / 1_000;
  console.log(
    `${result.runs} cases in ${took.toFixed(1)} s, ${result.accepted} accepted by both; met exceptions: ${JSON.stringify(result.excepted)}`,
  );
  console.log(`${result.failures.length} failed`);
  process.exit(result.failures.length === 0 && result.runs > 0 ? 0 : 1);
} catch (error) {
  fail(error);
}
