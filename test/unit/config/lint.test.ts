import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileRules, poolRules } from '@shared/config/lint/lint.ts';
import { describe, expect, it } from 'vitest';
import { parseDocument } from '../../../main/workspace/document.ts';

const samples = join(import.meta.dirname, '../../samples');
const examples = join(import.meta.dirname, '../../../resources/examples');
const inert = readdirSync(samples).filter((name) => /^inert-.*\.yaml$/.test(name));

function notesOf(text: string): string[] {
  const document = parseDocument(text);
  const parsed = document.check();
  if (!parsed.ok)
    throw new Error(parsed.problems.map(({ line, message }) => `${line} ${message}`).join('\n'));
  return document.notes().map(({ line, column, message, rule }) => `${line}:${column}  ${message} (${rule})`);
}

describe('settings without effect', () => {
  it.each(inert)('are named in %s as the file beside it says', (name) => {
    const expected = join(samples, name.replace(/\.yaml$/, '.notes'));
    const told = `${notesOf(readFileSync(join(samples, name), 'utf8')).join('\n')}\n`;
    if (process.env.BALLAST_UPDATE_SAMPLES) writeFileSync(expected, told);
    expect(told).toBe(readFileSync(expected, 'utf8'));
  });

  it('have an example in the samples for every rule, under a name of its own', () => {
    const names = [...poolRules, ...fileRules].map(({ name }) => name);
    const all = inert
      .map((name) => readFileSync(join(samples, name.replace(/\.yaml$/, '.notes')), 'utf8'))
      .join('');
    const shown = new Set([...all.matchAll(/\(([a-z0-9-]+)\)$/gm)].map((match) => match[1]));
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => !shown.has(name))).toEqual([]);
    expect(names.length).toBeGreaterThanOrEqual(20);
  });

  it.each(readdirSync(examples).filter((name) => name.endsWith('.yaml')))(
    'are not in the example %s',
    (name) => {
      expect(notesOf(readFileSync(join(examples, name), 'utf8'))).toEqual([]);
    },
  );

  it('are not what a file leaves out: every default by itself is nobody’s mistake', () => {
    expect(
      notesOf(
        'listeners: [{ name: web, bind: 127.0.0.1:8080, pool: api }]\npools: [{ name: api, servers: [{ address: 127.0.0.1:3001 }] }]\n',
      ),
    ).toEqual([]);
  });

  it('are not looked for in a file that cannot run', () => {
    expect(parseDocument('listeners: []').notes()).toEqual([]);
  });

  it('tell where they stand, also where the value comes from an anchor', () => {
    const text = `listeners: [{ name: web, bind: 127.0.0.1:8080, pool: api }]
pools:
  - name: api
    servers:
      - &first { address: 127.0.0.1:3001, weight: 4 }
      - { <<: *first, address: 127.0.0.1:3002, weight: 1 }
`;
    expect(notesOf(text)).toEqual([
      '5:51  weight has no effect: round-robin gives every server the same; write strategy: weighted-round-robin, or leave weight out (weights-ignored)',
    ]);
  });
});
