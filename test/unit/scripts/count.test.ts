import { describe, expect, it } from 'vitest';
import { count } from '../../../scripts/lib/vitest.mjs';

const test = (fullName: string, status: string) => ({ fullName, status });
const file = (name: string, status: string, ...assertionResults: ReturnType<typeof test>[]) => ({
  name,
  status,
  message: status === 'failed' ? 'Cannot find module x\nstack' : '',
  assertionResults,
});

describe('counting a run', () => {
  it('counts what passed, and names what failed or was skipped', () => {
    const counts = count(
      'unit',
      [
        file('/a.test.ts', 'passed', test('one', 'passed'), test('two', 'skipped'), test('three', 'todo')),
        file('/b.test.ts', 'failed', test('four', 'failed'), test('five', 'passed')),
      ],
      1,
    );
    expect(counts.passed).toBe(2);
    expect(counts.failed).toEqual([expect.stringMatching(/b\.test\.ts: four$/)]);
    expect(counts.skipped).toHaveLength(2);
  });

  it('takes a file that could not be loaded for a failure', () => {
    const { failed } = count('unit', [file('/a.test.ts', 'failed')], 1);
    expect(failed).toEqual([expect.stringContaining('Cannot find module x')]);
  });

  it('takes a file without tests for a failure', () => {
    const { failed } = count('unit', [file('/a.test.ts', 'passed')], 0);
    expect(failed).toEqual([expect.stringContaining('no tests')]);
  });

  it('takes nothing for a failure', () => {
    expect(count('e2e', [], 0).failed).toEqual(['e2e: no tests were found']);
  });

  it('takes a runner that ended badly for a failure though every test passed', () => {
    const { failed } = count('unit', [file('/a.test.ts', 'passed', test('one', 'passed'))], 1);
    expect(failed).toEqual([expect.stringContaining('ended with 1')]);
    expect(
      count('unit', [file('/a.test.ts', 'passed', test('one', 'passed'))], 'SIGKILL').failed,
    ).toHaveLength(1);
    expect(count('unit', [file('/a.test.ts', 'passed', test('one', 'passed'))], 0).failed).toEqual([]);
  });
});
