import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { boundaryProblems, checkBoundaries } from '../../../scripts/lib/boundaries.mjs';

const root = join(import.meta.dirname, '..', '..', '..');
const tree = mkdtempSync(join(tmpdir(), 'ballast-tree-'));
afterAll(() => rmSync(tree, { recursive: true, force: true }));

/** A house in which every file breaks one rule, but for those that break none. */
const files: Record<string, string> = {
  'tsconfig.base.json': '{ "compilerOptions": { "paths": { "@shared/*": ["./main/shared/*"] } } }',
  'main/shared/words.ts': 'export const word = 1;',
  'main/shared/node.ts': "import { join } from 'node:path'; export const x = join;",
  'main/engine/good.ts': "import { word } from '@shared/words.ts'; import 'node:net'; export const y = word;",
  'main/engine/up.ts': "import { y } from '../control/control.ts'; export const z = y;",
  'main/engine/lost.ts': "import { y } from './nowhere.ts'; export const z = y;",
  'main/workspace/file.ts': "import { z } from '../replicas/replica.ts'; export const a = z;",
  'main/replicas/replica.ts': 'export const z = 1;',
  'main/control/control.ts': 'export const y = 1;',
  'main/control/window.ts': "import { app } from 'electron'; export const b = app;",
  'main/desktop/shell.ts': "import type { App } from 'electron'; export type Shell = App;",
  'main/desktop/loads.ts': "import { app } from 'electron'; export const c = app;",
  'main/cli.ts': "import { d } from './command-line/up.ts'; export const e = d;",
  'main/command-line/up.ts': "import { b } from '../control/window.ts'; export const d = b;",
  'main/index.ts': "import { app } from 'electron'; export const f = app;",
  'preload/index.ts': "import { ipcRenderer } from 'electron'; export const g = ipcRenderer;",
  'renderer/src/features/pools/pools.tsx':
    "import { h } from '../servers/servers.tsx'; export const i: number = h;",
  'renderer/src/features/servers/servers.tsx': 'export const h = 1;',
  'renderer/src/app/app.ts': "import { y } from '../../../main/control/control.ts'; export const j = y;",
  'renderer/src/app/one.ts': "import { l } from './two.ts'; export const k: number = l;",
  'renderer/src/app/two.ts': "import { k } from './one.ts'; export const l: number = k;",
};

describe('the floors', () => {
  let problems: string[];
  beforeAll(async () => {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(tree, path)), { recursive: true });
      writeFileSync(join(tree, path), text);
    }
    symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'), 'junction');
    problems = (await checkBoundaries(tree)).output.split('\n').map((line) => line.replace(/ -> .*/, ''));
  }, 60_000);

  it.each([
    'shared-stands-alone: main/shared/node.ts',
    'engine-on-shared: main/engine/up.ts',
    'nothing-unresolved: main/engine/lost.ts',
    'replicas-beside-neighbours: main/workspace/file.ts',
    'electron-in-one-place: main/control/window.ts',
    'electron-in-one-place: main/desktop/loads.ts',
    'cli-never-reaches-electron: main/cli.ts',
    'interface-sees-shared-alone: renderer/src/app/app.ts',
    'features-apart: renderer/src/features/pools/pools.tsx',
    'no-cycles: renderer/src/app/one.ts',
  ])('catch %s', (problem) => {
    expect(problems).toContain(problem);
  });

  it.each(['main/engine/good.ts', 'main/desktop/shell.ts', 'main/index.ts', 'preload/index.ts'])(
    'have nothing against %s',
    (path) => {
      expect(problems.filter((problem) => problem.endsWith(`: ${path}`))).toEqual([]);
    },
  );

  it('are not kept by a check that did not look', () => {
    const nothing = { modules: [], summary: { violations: [] } };
    expect(boundaryProblems(nothing as never, ['main/index.ts'])).toEqual(['not cruised: main/index.ts']);
  });
});
