import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configJsonSchema } from '@shared/config/json-schema.ts';
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

it('every key of the schema has a row with its meaning there, however deep it stands', () => {
  const page = readFileSync(file, 'utf8');
  const keys = keysOf(configJsonSchema());
  expect(keys.length).toBeGreaterThan(100);
  // Keys of each kind of choice stand in sections of their own.
  expect(keys).toContainEqual({ section: 'pools[].strategy', key: 'boundedLoad', isWord: false });
  expect(keys).toContainEqual({ section: 'pools[].healthCheck.body', key: 'matches', isWord: false });
  const lacking = keys.filter(({ section, key, isWord }) => !isWord && !hasRow(page, section, key));
  expect(lacking.map(({ section, key }) => `${section}: ${key}`)).toEqual([]);
});

it('a key without a row, or without a meaning, is found missing', () => {
  const page = readFileSync(file, 'utf8');
  const without = page.replace(/^\| `boundedLoad`.*\n/m, '');
  expect([page, without].map((text) => hasRow(text, 'pools[].strategy', 'boundedLoad'))).toEqual([
    true,
    false,
  ]);
  const silent = page.replace(/^(\| `decay` \|.*\|) [^|]+ \|$/m, '$1  |');
  expect([page, silent].map((text) => hasRow(text, 'pools[].strategy', 'decay'))).toEqual([true, false]);
});

it('the page of limits says what catalog and schema say', () => {
  const page = join(import.meta.dirname, '../../../docs/guide/limits.md');
  const wanted = limitsGuide();
  if (process.env.BALLAST_UPDATE_SCHEMA) writeFileSync(page, wanted);
  expect(readFileSync(page, 'utf8'), `the page is stale; update it with: ${command}`).toBe(wanted);
  expect(wanted).not.toMatch(/\| {2}\| (?!no file|file descriptors)/);
});

interface KeyOfSchema {
  /** Where its table stands, without the kind of a choice. */
  readonly section: string;
  readonly key: string;
  /** It only says which of several mappings this is. */
  readonly isWord: boolean;
}

/** Every key of every mapping in a JSON schema, by a walk that knows nothing of how the page is made. */
function keysOf(schema: unknown, section = ''): KeyOfSchema[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const {
    properties = {},
    items,
    ...rest
  } = schema as {
    properties?: Readonly<Record<string, { const?: unknown; description?: string }>>;
    items?: unknown;
  };
  const inner = Object.entries(rest).filter(([word]) =>
    ['oneOf', 'anyOf', 'allOf', 'additionalProperties'].includes(word),
  );
  return [
    ...Object.entries(properties).flatMap(([key, each]) => [
      {
        section: section || 'Top level',
        key,
        isWord: each.const !== undefined && each.description === undefined,
      },
      ...keysOf(each, section === '' ? key : `${section}.${key}`),
    ]),
    ...keysOf(items, `${section}[]`),
    ...inner.flatMap(([, value]) =>
      (Array.isArray(value) ? value : [value]).flatMap((each) => keysOf(each, section)),
    ),
  ];
}

/** Whether a section of that name, of whichever kinds, has such a row that says something. */
function hasRow(page: string, section: string, key: string): boolean {
  return page
    .split(/^## /m)
    .slice(1)
    .some((part) => {
      const [heading = '', ...lines] = part.split('\n');
      const title = heading.replaceAll('`', '').replace(/ \([a-z]+: [a-z0-9-]+\)/g, '');
      return (
        title === section &&
        lines.some((line) => line.startsWith(`| \`${key}\` |`) && / [^ |]+ \|$/.test(line))
      );
    });
}
