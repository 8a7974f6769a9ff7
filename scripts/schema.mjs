import { run } from './lib/run.mjs';

// Both are written by the tests that compare them: what is published cannot be made in another way than it is checked.
const tests = ['test/unit/workspace/json-schema.test.ts', 'test/unit/config/guide.test.ts'];
const { code } = await run(
  process.execPath,
  ['node_modules/vitest/vitest.mjs', 'run', '--project', 'unit', ...tests],
  { env: { ...process.env, BALLAST_UPDATE_SCHEMA: '1' } },
);
process.exitCode = code ?? 1;
