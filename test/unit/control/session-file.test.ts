import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type SessionFile, sessionFile } from '../../../main/control/session-file.ts';

let folder: string;
let file: SessionFile;
const cookieKey = Buffer.alloc(32, 9);
const session = {
  handle: 's1',
  key: 'digest',
  client: '127.0.0.1',
  server: 'api/api-1',
  pinned: false,
  moved: 0,
  moves: [],
  sinceMs: 1,
  lastUsedMs: 2,
  cookieSentMs: 1,
  hits: 3,
};
const sessions = { pools: [{ pool: 'api', source: 'cookie x', sessions: [session] }] };

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ballast-sessions-'));
  file = sessionFile('/work/ballast.yaml', join(folder, 'state'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const left = (): string[] => readdirSync(join(folder, 'state'));

it('gives back what was written, in a file of this user alone', async () => {
  expect(file.read()).toBeNull();
  await file.write({ cookieKey, sessions });
  expect(file.read()).toEqual({ cookieKey, sessions });
  expect(statSync(file.path).mode & 0o777).toBe(0o600);
  expect(statSync(join(folder, 'state')).mode & 0o777).toBe(0o700);
  await file.write({ cookieKey, sessions: { pools: [] } });
  expect(file.read()).toEqual({ cookieKey, sessions: { pools: [] } });
  expect(left()).toHaveLength(1);
  file.remove();
  expect(file.read()).toBeNull();
});

it('is another one for another workspace', () => {
  expect(sessionFile('/elsewhere/ballast.yaml', folder).path).not.toBe(file.path);
  expect(sessionFile('/work/ballast.yaml', join(folder, 'state')).path).toBe(file.path);
});

it.each([
  ['no JSON', () => 'half a fi'],
  ['another version', (text: string) => text.replace('"version":1', '"version":2')],
  ['a key that is none', (text: string) => text.replace(/"cookieKey":"../, '"cookieKey":"')],
  ['a session that is none', (text: string) => text.replace('"handle":"s1"', '"handle":"first"')],
])('sets a file aside that is damaged: %s', async (_, damage) => {
  await file.write({ cookieKey, sessions });
  const damaged = damage(readFileSync(file.path, 'utf8'));
  writeFileSync(file.path, damaged);
  expect(file.read()).toBe(`${file.path} is damaged, it was set aside as ${file.path}.damaged`);
  expect(file.read()).toBeNull();
  expect(readFileSync(`${file.path}.damaged`, 'utf8')).toBe(damaged);
});

it('leaves the old file where the new one cannot be written', async () => {
  await file.write({ cookieKey, sessions });
  const other = sessionFile('/work/ballast.yaml', file.path);
  await expect(other.write({ cookieKey, sessions })).rejects.toThrow();
  chmodSync(file.path, 0o600);
  expect(file.read()).toEqual({ cookieKey, sessions });
});
