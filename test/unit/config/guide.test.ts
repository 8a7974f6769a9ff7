import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { configGuide } from '../../support/config-guide.ts';
import { limitsGuide } from '../../support/limits-guide.ts';

const file = join(import.meta.dirname, '../../../docs/guide/ballast-yaml.md');
const command = 'npm run schema';

it('the guide to ballast.yaml says what the configuration schema says', () => {
  const wanted = configGuide();
  if (process.env.BALLAST_UPDATE_SCHEMA) writeFileSync(file, wanted);
  expect(readFileSync(file, 'utf8'), `the page is stale; update it with: ${command}`).toBe(wanted);
});

it('every key has a meaning there', () => {
  const rows = configGuide()
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  expect(rows.length).toBeGreaterThan(50);
  expect(rows.filter((row) => / \| {2}\|$/.test(row) && !row.startsWith('| `type`'))).toEqual([]);
});

it('the page of limits says what catalog and schema say', () => {
  const page = join(import.meta.dirname, '../../../docs/guide/limits.md');
  const wanted = limitsGuide();
  if (process.env.BALLAST_UPDATE_SCHEMA) writeFileSync(page, wanted);
  expect(readFileSync(page, 'utf8'), `the page is stale; update it with: ${command}`).toBe(wanted);
  expect(wanted).not.toMatch(/\| {2}\| (?!no file|file descriptors)/);
});
