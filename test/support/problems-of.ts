import { expect } from 'vitest';
import { parseDocument } from '../../main/workspace/document.ts';

/** `line:column message` of each problem. */
export function problemsOf(text: string): string[] {
  const checked = parseDocument(text).check();
  if (checked.ok) return [];
  for (const { line, excerpt } of checked.problems)
    expect(excerpt).toBe(text.split(/\r?\n/)[line! - 1]!.replace(/^\uFEFF/, ''));
  return checked.problems.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

/** A file without problems. */
export const good = `version: 1
listeners:
  - { name: web, bind: 127.0.0.1:8080, pool: api }
pools:
  - name: api
    servers:
      - { name: api-1, address: 127.0.0.1:3001 }
      - { address: 127.0.0.1:3002, weight: 2 }
`;

/** Its first half, in one line. */
export const listener = 'listeners: [{ name: web, bind: 127.0.0.1:8080, pool: api }]\n';
/** Its other half. */
export const pools = 'pools: [{ name: api, servers: [{ address: 127.0.0.1:3001 }] }]\n';
