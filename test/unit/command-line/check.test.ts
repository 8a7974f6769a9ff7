import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { check } from '../../../main/command-line/file-commands.ts';
import type { Output } from '../../../main/command-line/output.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ballast-check-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const weighted = `listeners: [{ name: web, bind: 127.0.0.1:8080, pool: api }]
pools:
  - name: api
    servers:
      - { address: 127.0.0.1:3001, weight: 3 }
      - { address: 127.0.0.1:3002 }
`;

async function checked(text: string, { json = false, strict = false } = {}) {
  const file = join(folder, 'ballast.yaml');
  await writeFile(file, text);
  const lines: string[] = [];
  const objects: unknown[] = [];
  const output: Output = {
    json,
    line: (line) => lines.push(line),
    object: (value) => objects.push(value),
    note() {},
    paint: (_, line) => line,
  };
  const exitCode = await check(output, file, { strict });
  return { exitCode, lines: lines.map((line) => line.replaceAll(file, 'ballast.yaml')), objects };
}

describe('ballast check', () => {
  it('says that a file is good, and which of its settings have no effect, with their place', async () => {
    const { exitCode, lines } = await checked(weighted);
    expect(exitCode).toBe(0);
    expect(lines).toEqual([
      'ballast.yaml is good: 1 listener, 1 pool, 2 servers',
      `ballast.yaml:5:44  note: weight has no effect: round-robin gives every server the same; write strategy: weighted-round-robin, or leave weight out (weights-ignored)
  5 |       - { address: 127.0.0.1:3001, weight: 3 }
${' '.repeat(6 + 43)}^`,
    ]);
  });

  it('fails at them when it is told to be strict', async () => {
    expect((await checked(weighted, { strict: true })).exitCode).toBe(1);
    expect((await checked(weighted.replace(', weight: 3', ''), { strict: true })).exitCode).toBe(0);
  });

  it('writes an object for each, for programs', async () => {
    const { exitCode, lines, objects } = await checked(weighted, { json: true });
    expect([exitCode, lines]).toEqual([0, []]);
    expect(objects).toEqual([
      expect.objectContaining({
        event: 'note',
        line: 5,
        column: 44,
        rule: 'weights-ignored',
        settings: ['weight', 'strategy'],
        pool: 'api',
        path: ['pools', 0, 'servers', 0, 'weight'],
      }),
    ]);
  });

  it('tells of no settings where the file cannot run', async () => {
    const { exitCode, lines } = await checked(weighted.replace('3002', 'x'));
    expect(exitCode).toBe(2);
    expect(lines.join()).not.toContain('note:');
  });
});
