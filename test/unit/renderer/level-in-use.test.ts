import { expect, test } from 'vitest';
import { levelInUse } from '../../../renderer/src/features/pools/level-in-use.ts';

const server = (priority: number, serves: boolean, backup = false) => ({ priority, serves, backup });

test('a pool whose best servers serve falls back on nothing', () => {
  expect(levelInUse([server(0, true), server(0, false), server(1, false)])).toBeUndefined();
  expect(levelInUse([server(0, true), server(0, false, true)])).toBeUndefined();
});

test('a worse priority that serves is named, the best of them', () => {
  expect(levelInUse([server(0, false), server(2, true), server(3, true)])).toEqual({
    kind: 'priority',
    priority: 2,
  });
});

test('a pool that knows only one priority has none to fall back on, whatever its number', () => {
  expect(levelInUse([server(4, true), server(4, false)])).toBeUndefined();
});

test('backups serve in the place of primaries, and of nobody where there are no primaries', () => {
  expect(levelInUse([server(0, false), server(1, true, true)])).toEqual({ kind: 'backup' });
  expect(levelInUse([server(0, true, true)])).toBeUndefined();
});

test('where nobody serves nothing is in use', () => {
  expect(levelInUse([server(0, false), server(0, false, true)])).toBeUndefined();
});
