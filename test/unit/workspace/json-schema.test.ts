import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configJsonSchema } from '@shared/config/json-schema.ts';
import { expect, it } from 'vitest';
import { parseDocument } from '../../../main/workspace/document.ts';

const resources = join(import.meta.dirname, '../../../resources');
const file = join(resources, 'ballast.schema.json');
const command = 'npm run schema';

it('resources/ballast.schema.json is what the configuration schema says', () => {
  const wanted = `${JSON.stringify(configJsonSchema(), null, 2)}\n`;
  if (process.env.BALLAST_UPDATE_SCHEMA) writeFileSync(file, wanted);
  expect(readFileSync(file, 'utf8'), `the file is stale; update it with: ${command}`).toBe(wanted);
});

it('tells editors the keys, the choices and what is unknown', () => {
  const schema = JSON.parse(readFileSync(file, 'utf8'));
  expect(Object.keys(schema.properties)).toEqual(
    expect.arrayContaining(['version', 'listeners', 'pools', 'replicas']),
  );
  expect(schema.additionalProperties).toBe(false);
  expect(schema.required).toEqual(['listeners', 'pools']);
  expect(JSON.stringify(schema.properties.pools)).toContain('"least-connections"');
});

it('every example is a good ballast.yaml', () => {
  const folder = join(resources, 'examples');
  for (const name of readdirSync(folder)) {
    const checked = parseDocument(readFileSync(join(folder, name), 'utf8')).check();
    expect(checked.ok ? [] : checked.problems, name).toEqual([]);
  }
});
