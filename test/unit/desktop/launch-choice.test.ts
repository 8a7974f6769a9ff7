import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { chooseWorkspace, fileArgument } from '../../../main/desktop/launch-choice.ts';

const empty = mkdtempSync(join(tmpdir(), 'ballast-empty-'));
const project = mkdtempSync(join(tmpdir(), 'ballast-project-'));
writeFileSync(join(project, 'ballast.yaml'), '');
afterAll(() => {
  for (const folder of [empty, project]) rmSync(folder, { recursive: true });
});

describe('what the app opens', () => {
  it('is the file of the command line, relative to where it was typed', () => {
    expect(fileArgument(['electron', '.', 'shop.yaml'], '/work', false)).toBe(resolve('/work', 'shop.yaml'));
    expect(fileArgument(['Ballast', 'shop.yaml'], '/work', true)).toBe(resolve('/work', 'shop.yaml'));
  });

  it('leaves switches to Chromium', () => {
    const argv = ['electron', '--no-sandbox', '.', '--inspect=0', 'shop.yaml', '--user-data-dir=/x'];
    expect(fileArgument(argv, '/work', false)).toBe(resolve('/work', 'shop.yaml'));
    expect(fileArgument(['electron', '.', '--no-sandbox'], '/work', false)).toBeUndefined();
  });

  it('is ballast.yaml of the current folder when none was named', () => {
    expect(chooseWorkspace(['electron', '.'], project, false)).toEqual({
      kind: 'file',
      path: join(project, 'ballast.yaml'),
    });
  });

  it('is the demo when there is none, or when the folder is chance', () => {
    expect(chooseWorkspace(['electron', '.'], empty, false)).toEqual({ kind: 'demo' });
    expect(chooseWorkspace(['Ballast'], project, true)).toEqual({ kind: 'demo' });
  });
});
