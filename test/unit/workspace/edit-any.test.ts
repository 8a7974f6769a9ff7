import type { Config } from '@shared/config/schema.ts';
import { ContractError } from '@shared/contract/errors.ts';
import { expect, it } from 'vitest';
import { type DocumentEdit, parseDocument } from '../../../main/workspace/document.ts';
import { chance } from '../../support/chance.ts';

type UpTo = (most: number) => number;

/** A file in some of the many ways people write YAML, every comment different. */
function anyText(upTo: UpTo): string {
  let comments = 0;
  const pick = <T>(...choices: T[]): T => choices[upTo(choices.length)]!;
  const comment = (): string => `# c${++comments}`;
  const behind = (): string => pick('', '', `${pick(' ', '   ')}${comment()}`);
  const above = (indent: string): string =>
    pick('', '', `${indent}${comment()}\n`, `\n${indent}${comment()}\n`, '\n');
  const quote = (text: string): string => pick(text, text, `"${text}"`, `'${text}'`);
  const pair = (key: string, value: string): string => `${key}: ${value}`;

  const server = (pool: number, index: number): string[] => [
    ...pick([], [pair('name', quote(`s${pool}-${index}`))]),
    pair('address', quote(`127.0.0.1:${2000 + pool * 100 + index}`)),
    ...pick([], [pair('weight', pick('0', '3', '0x10'))]),
    ...pick([], [], [pair('backup', 'true')]),
  ];
  const servers = (pool: number): string => {
    const list = Array.from({ length: 1 + upTo(4) }, (_, index) => server(pool, index));
    const flow = (pairs: string[]): string =>
      pick(`{ ${pairs.join(', ')} }`, `{${pairs.join(', ')}}`, `{ ${pairs.join(' , ')}, }`);
    switch (upTo(4)) {
      case 0:
        return ` [${list.map(flow).join(', ')}]${behind()}\n`;
      case 1:
        return ` [${behind()}\n${list.map((pairs, at) => `${above('      ')}      ${flow(pairs)}${at < list.length - 1 || upTo(2) ? ',' : ''}${behind()}\n`).join('')}    ]\n`;
      case 2:
        return `${behind()}\n${list.map((pairs) => `${above('      ')}      - ${flow(pairs)}${behind()}\n`).join('')}`;
      default: {
        const indent = pick('    ', '      ', '          ');
        const dash = pick('- ', '-   ');
        return `${behind()}\n${list
          .map(
            (pairs) =>
              `${above(indent)}${indent}${dash}${pairs.join(`${behind()}\n${indent}${' '.repeat(dash.length)}`)}${behind()}\n`,
          )
          .join('')}`;
      }
    }
  };
  const count = 2 + upTo(3);
  const pools = Array.from({ length: count }, (_, pool) => {
    const parts = [
      ...pick(
        [],
        [`strategy: ${pick('ip-hash', '{ kind: round-robin }', '"least-connections"')}${behind()}\n`],
      ),
      `servers:${servers(pool)}`,
      ...pick([], [`healthCheck:${behind()}\n      type: tcp${behind()}\n`], ['retry: { attempts: 2 }\n']),
    ];
    return `${above('  ')}  - name: p${pool}${behind()}\n${parts.map((part) => `    ${part}`).join('')}`;
  });
  const listener = `  - ${pick(`{ name: web, bind: 127.0.0.1:8080, pool: p0 }`, `name: web\n    bind: 127.0.0.1:8080\n    routes:\n      - { path: /a, pool: p0 }\n      - pool: p${count - 1}${behind()}`)}\n`;
  const replicas = pick(
    '',
    `replicas:\n  - { name: r, command: node x.js, pool: p0${pick('', ', count: 1')} }\n`,
  );
  const text = `${pick('', `${comment()}\n`, '---\n')}${pick(`listeners:\n${listener}`, `version: 1\nlisteners:\n${listener}`)}${pick('', '\n')}pools:${behind()}\n${pools.join('')}${replicas}${pick('', `${comment()}\n`)}`;
  return pick(text, text.trimEnd(), text.replaceAll('\n', '\r\n'));
}

function anyEdit(config: Config, upTo: UpTo): DocumentEdit {
  const pool = config.pools[upTo(config.pools.length)]!;
  const other = config.pools[upTo(config.pools.length)]!;
  const server = pool.servers[upTo(pool.servers.length)]!.name;
  const at = { pool: pool.name, server };
  const port = 5000 + upTo(900);
  switch (upTo(10)) {
    case 0:
      return {
        kind: 'server.add',
        pool: pool.name,
        address: `127.0.0.1:${port}`,
        ...(upTo(2) && { weight: upTo(9) }),
      };
    case 1:
      return { kind: 'server.remove', ...at };
    case 2:
      return { kind: 'pool.add', name: `new${port}`, first: upTo(2) ? at : { address: `[::1]:${port}` } };
    case 3:
      return upTo(3) === 0
        ? { kind: 'pool.remove', pool: pool.name }
        : { kind: 'server.set-weight', ...at, weight: upTo(9) };
    case 4:
      if (upTo(4) === 0) {
        const batching = (['off', 'on', 'adaptive'] as const)[upTo(3)]!;
        return { kind: 'pool.set-batching', pool: pool.name, batching };
      }
      return upTo(2)
        ? { kind: 'pool.set-strategy', pool: pool.name, strategy: 'weighted-round-robin' }
        : {
            kind: 'pool.set-affinity',
            pool: pool.name,
            affinity: (['none', 'cookie', 'client-ip', 'app-cookie', 'header'] as const)[upTo(5)]!,
            name: 'sid',
          };
    case 5:
      return { kind: 'listener.set-pool', listener: 'web', pool: pool.name };
    case 6:
      return { kind: 'server.set-weight', ...at, weight: upTo(1000) };
    default:
      return { kind: 'server.move', ...at, toPool: other.name, ...(upTo(2) && { index: upTo(5) }) };
  }
}

const commentsOf = (text: string): string[] => text.match(/# c\d+/g) ?? [];
/** Edits that take nothing away but, at most, places where a comment could stand. */
const keepsComments: DocumentEdit['kind'][] = ['server.set-weight', 'server.add', 'pool.set-strategy'];

it.each(Array.from({ length: 12 }, (_, block) => block))(
  'every edit of every file is made as asked or refused for a reason a person can act on, block %i',
  (block) => {
    let made = 0;
    for (let seed = block * 12; seed < block * 12 + 12; seed++) {
      const upTo = chance(seed);
      const text = anyText(upTo);
      let document = parseDocument(text);
      const first = document.check();
      if (!first.ok) throw new Error(`seed ${seed}: ${JSON.stringify(first.problems)}\n${text}`);
      for (let step = 0; step < 12; step++) {
        const checked = document.check();
        if (!checked.ok) throw new Error('an edit left problems');
        const edit = anyEdit(checked.config, upTo);
        const told = `seed ${seed}, ${JSON.stringify(edit)}\n${document.text}`;
        try {
          const next = document.edit(edit);
          if (keepsComments.includes(edit.kind))
            expect(commentsOf(next.text), told).toEqual(commentsOf(document.text));
          if (document.text.includes('\r\n'))
            expect(next.text.replaceAll('\r\n', ''), told).not.toMatch(/\r|\n/);
          document = next;
          made++;
        } catch (error) {
          if (!(error instanceof ContractError)) throw error;
          // The last resort of the editor is for anchors and the like; these files have none.
          expect(error.message, told).not.toContain('written in a way');
          expect(error.code, told).toBe('conflict');
        }
      }
    }
    expect(made).toBeGreaterThan(40);
  },
  30_000,
);
