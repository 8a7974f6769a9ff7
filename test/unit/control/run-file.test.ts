import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readRuns, stateDir, writeRun } from '../../../main/control/run-file.ts';

let parent: string;
let dir: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'ballast-run-test-'));
  dir = join(parent, 'state');
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

const run = (port: number, pid = process.pid) => ({
  pid,
  port,
  socket: `ws://127.0.0.1:${port}/control`,
  token: 't',
  title: 'demo',
});

it('finds what was written, in order of ports, until it is removed', () => {
  writeRun(run(9901), dir);
  const { remove } = writeRun(run(9900), dir);
  expect(readRuns(dir).map(({ port }) => port)).toEqual([9900, 9901]);
  remove();
  expect(readRuns(dir).map(({ port }) => port)).toEqual([9901]);
});

it('keeps the token from other users', () => {
  writeRun(run(9900), dir);
  expect(statSync(dir).mode & 0o777).toBe(0o700);
  expect(statSync(join(dir, '9900.json')).mode & 0o777).toBe(0o600);
});

it('closes a folder that stood open', () => {
  mkdirSync(dir, { mode: 0o755 });
  writeRun(run(9900), dir);
  expect(statSync(dir).mode & 0o777).toBe(0o700);
});

it('refuses a folder that is a link to somewhere else', () => {
  const elsewhere = join(parent, 'elsewhere');
  mkdirSync(elsewhere);
  symlinkSync(elsewhere, dir);
  expect(() => writeRun(run(9900), dir)).toThrow(/BALLAST_STATE_DIR/);
  expect(readdirSync(elsewhere)).toEqual([]);
});

it('passes over the dead, the broken and the linked, and takes the place of the dead', () => {
  writeRun(run(9900, 2 ** 22 + 1), dir); // above Linux's largest process id
  writeFileSync(join(dir, '9902.json'), '{"pid":');
  writeFileSync(join(dir, 'other.json'), '{}');
  symlinkSync(join(dir, '9900.json'), join(dir, '9903.json'));
  expect(readRuns(dir)).toEqual([]);
  writeRun(run(9900), dir);
  expect(readRuns(dir)).toHaveLength(1);
});

it('sweeps up after the dead', () => {
  writeRun(run(9900, 2 ** 22 + 1), dir);
  writeRun(run(9901), dir);
  expect(readdirSync(dir)).toEqual(['9901.json']);
});

it('finds none where there is no folder', () => {
  expect(readRuns(join(parent, 'nowhere'))).toEqual([]);
});

it('lies where BALLAST_STATE_DIR says, else in a folder of this user', () => {
  expect(stateDir({ BALLAST_STATE_DIR: '/x' })).toBe('/x');
  expect(stateDir({})).toMatch(/ballast-[\w.-]+$/);
});
