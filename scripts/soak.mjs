import { parseArgs } from 'node:util';
import { nodeFor } from './lib/newer-node.mjs';
import { run } from './lib/run.mjs';

/**
 * Mixed traffic through a real Ballast while its servers die, hiccup and reset: nothing may be lost that could be saved, and memory
 * stays flat. With `--requests`: memory after so many GETs beside that after a tenth of them. `npm test` soaks for 30 s.
 */
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '600' },
    requests: { type: 'string' },
    seed: { type: 'string', default: '1' },
    threads: { type: 'string', default: '1' },
  },
});
const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--project', 'chaos', 'test/chaos/soak.test.ts'];
const { code } = await run(nodeFor(values.threads), vitest, {
  env: {
    ...process.env,
    BALLAST_SOAK_TELL: '1',
    BALLAST_SOAK_SECONDS: values.seconds,
    ...(values.requests !== undefined && { BALLAST_SOAK_REQUESTS: values.requests }),
    BALLAST_SOAK_SEED: values.seed,
    BALLAST_SOAK_THREADS: values.threads,
  },
});
process.exitCode = code ?? 1;
