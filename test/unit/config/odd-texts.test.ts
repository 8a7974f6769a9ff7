import { parseConfig } from '@shared/config/parse.ts';
import { expect, it } from 'vitest';

const replica = { name: 'api', command: 'node server.js', pool: 'api' };

/** What is said of a file whose replica group has these keys as well. */
function told(keys: object): string[] {
  const parsed = parseConfig({
    listeners: [{ name: 'web', bind: '127.0.0.1:8080', pool: 'api' }],
    pools: [{ name: 'api', servers: [{ address: '127.0.0.1:3001' }] }],
    replicas: [{ ...replica, ...keys }],
  });
  return parsed.ok ? [] : parsed.problems.map(({ message }) => message);
}

it.each<[string, object]>([
  ['command', { command: 'node\0 server.js' }],
  ['cwd', { cwd: 'a\0b' }],
  ['value of a variable', { env: { A: 'a\0b' } }],
])('refuses a %s that no process can be given', (_, keys) => {
  expect(told(keys)).toEqual([expect.stringContaining('without the character 0')]);
});

it.each(['', 'A=B', 'A\0'])('refuses %j as the name of a variable', (key) => {
  expect(told({ env: { [key]: '1' } })).toEqual([
    `${JSON.stringify(key)} is no name of a variable; write e.g. LOG_LEVEL: debug`,
  ]);
});

it('takes every other text for a process', () => {
  expect(
    told({ command: 'node "größe 日本.js"', cwd: 'ä b', env: { 'a.b-c': 'x\r\ny', Ä: '日本' } }),
  ).toEqual([]);
});
