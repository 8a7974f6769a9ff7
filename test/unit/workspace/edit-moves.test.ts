import { describe, expect, it } from 'vitest';
import { parseDocument } from '../../../main/workspace/document.ts';
import { change, commented, edited, refusalOf } from '../../support/edit-kit.ts';

describe('moving a server', () => {
  it('takes its comments along', () => {
    expect(
      change(commented, { kind: 'server.move', pool: 'api', server: 'api-2', toPool: 'canary' }),
    ).toEqual([
      '-      # on the old laptop',
      '-      - { name: api-2,   address: 127.0.0.1:3002 }',
      '+      # on the old laptop',
      '+      - { name: api-2,   address: 127.0.0.1:3002 }',
    ]);
    expect(
      change(commented, { kind: 'server.move', pool: 'api', server: 'api-1', toPool: 'canary' }),
    ).toEqual([
      '-      - { name: api-1, address: 127.0.0.1:3001, weight: 3 }  # the big one',
      '+      - { name: api-1, address: 127.0.0.1:3001, weight: 3 }  # the big one',
    ]);
  });

  it('takes one written in lines along line by line', () => {
    const lines = [
      '      - name: api-3      # spare',
      '        address: 127.0.0.1:3003',
      '        # never first',
      '        backup: false',
    ];
    expect(
      change(commented, { kind: 'server.move', pool: 'api', server: 'api-3', toPool: 'canary' }),
    ).toEqual([...lines.map((line) => `-${line}`), ...lines.map((line) => `+${line}`)]);
  });

  it('writes down names that would change hands', () => {
    expect(
      change(commented, { kind: 'server.move', pool: 'api', server: 'api-1', toPool: 'canary', index: 0 }),
    ).toEqual([
      '-      - { name: api-1, address: 127.0.0.1:3001, weight: 3 }  # the big one',
      '-      - address: 127.0.0.1:4001',
      '+      - { name: api-1, address: 127.0.0.1:3001, weight: 3 }  # the big one',
      '+      - name: canary-1',
      '+        address: 127.0.0.1:4001',
    ]);
    const unnamed = `listeners: [{ name: web, bind: 127.0.0.1:1, pool: a }]
pools:
  - { name: a, servers: [{ address: 127.0.0.1:1001 }, { address: 127.0.0.1:1002 }, { address: 127.0.0.1:1003 }] }
  - { name: b, servers: [{ address: 127.0.0.1:2001 }] }
`;
    expect(edited(unnamed, { kind: 'server.move', pool: 'a', server: 'a-2', toPool: 'b' })).toContain(`
  - { name: a, servers: [{ address: 127.0.0.1:1001 }, { name: a-3, address: 127.0.0.1:1003 }] }
  - { name: b, servers: [{ address: 127.0.0.1:2001 }, { name: a-2, address: 127.0.0.1:1002 }] }
`);
  });

  it('changes the order within a pool', () => {
    const order = (text: string): string[] => {
      const checked = parseDocument(text).check();
      return checked.ok ? checked.config.pools[0]!.servers.map(({ name }) => name) : [];
    };
    const move = (server: string, index?: number): string[] =>
      order(
        edited(commented, {
          kind: 'server.move',
          pool: 'api',
          server,
          toPool: 'api',
          ...(index !== undefined && { index }),
        }),
      );
    expect(move('api-1')).toEqual(['api-2', 'api-3', 'api-1']);
    expect(move('api-3', 0)).toEqual(['api-3', 'api-1', 'api-2']);
    expect(move('api-2', 0)).toEqual(['api-2', 'api-1', 'api-3']);
    expect(move('api-1', 1)).toEqual(['api-2', 'api-1', 'api-3']);
    expect(move('api-2', 1)).toEqual(['api-1', 'api-2', 'api-3']);
    expect(move('api-1', 99)).toEqual(['api-2', 'api-3', 'api-1']);
  });

  it('there and back gives the text it began with, where it goes last', () => {
    const there = { kind: 'server.move', pool: 'api', server: 'api-3', toPool: 'canary' } as const;
    const back = { kind: 'server.move', pool: 'canary', server: 'api-3', toPool: 'api' } as const;
    expect(edited(commented, there, back).replaceAll('\n\n', '\n')).toBe(commented.replaceAll('\n\n', '\n'));
  });

  it('refuses the last server of a pool that a listener leads to', () => {
    const text = edited(
      commented,
      { kind: 'server.move', pool: 'api', server: 'api-2', toPool: 'canary' },
      { kind: 'server.move', pool: 'api', server: 'api-3', toPool: 'canary' },
    );
    expect(refusalOf(text, { kind: 'server.move', pool: 'api', server: 'api-1', toPool: 'canary' })).toEqual({
      code: 'conflict',
      message:
        'pool api would be left without a server while listener web leads to it; add another server to it, or lead the traffic to another pool first',
    });
  });

  it('removes a pool that it leaves empty when no listener leads there', () => {
    const document = parseDocument(commented.replace('    healthCheck: *check\n', '')).edit({
      kind: 'server.move',
      pool: 'canary',
      server: 'canary-1',
      toPool: 'api',
    });
    expect(document.note).toBe('pool canary was left without a server and is gone');
    const checked = document.check();
    expect(checked.ok && checked.config.pools.map(({ name }) => name)).toEqual(['api']);
    expect(document.text).toContain('        weight: 1\n    healthCheck: &check');
    expect(document.text).not.toContain('canary ---');
    expect(document.text).toContain('# the end');
  });

  it('refuses a server whose name or address the other pool has', () => {
    const twice = commented.replace(
      '- address: 127.0.0.1:4001',
      '- name: api-1\n        address: 127.0.0.1:4001',
    );
    expect(refusalOf(twice, { kind: 'server.move', pool: 'api', server: 'api-1', toPool: 'canary' })).toEqual(
      {
        code: 'conflict',
        message: 'pool canary has a server called api-1 already; rename one of the two in the file first',
      },
    );
    const same = commented.replace('4001', '3001');
    expect(refusalOf(same, { kind: 'server.move', pool: 'api', server: 'api-1', toPool: 'canary' })).toEqual({
      code: 'conflict',
      message: 'pool canary has 127.0.0.1:3001 already: it is canary-1; give that one more weight instead',
    });
  });

  it('refuses to tear an alias from its anchor', () => {
    const text = commented
      .replace('- { name: api-1,', '- &a { name: api-1,')
      .replace(
        '      - { name: api-2,   address: 127.0.0.1:3002 }',
        '      - { <<: *a, name: api-2, address: 127.0.0.1:3002 }',
      );
    expect(
      refusalOf(text, { kind: 'server.move', pool: 'api', server: 'api-1', toPool: 'canary' }).code,
    ).toBe('conflict');
  });
});

describe('moving a server between lists of other styles', () => {
  const styles: Record<string, string> = {
    line: 'servers: [{ name: X-1, address: 127.0.0.1:P1 }, { name: X-2, address: 127.0.0.1:P2 }]',
    lines: `servers: [
      { name: X-1, address: 127.0.0.1:P1 }, # one of X
      # two of X
      { name: X-2, address: 127.0.0.1:P2 } # end of X
    ]`,
    trailing: `servers: [
      { name: X-1, address: 127.0.0.1:P1 }, # one of X
      { name: X-2, address: 127.0.0.1:P2 }, # two of X
    ]`,
    dashes: `servers:
    - { name: X-1, address: 127.0.0.1:P1 } # one of X
    # two of X
    - { name: X-2, address: 127.0.0.1:P2 }`,
    keys: `servers:
        -   name: X-1 # one of X
            address: 127.0.0.1:P1

        -   name: X-2
            address: 127.0.0.1:P2 # two of X`,
  };
  const pool = (name: string, style: string, port: number): string =>
    `  - name: ${name}\n    ${styles[style]!.replaceAll('X', name).replaceAll('P', String(port))}\n`;

  for (const from of Object.keys(styles)) {
    for (const to of Object.keys(styles)) {
      it.each([0, 1])(`from ${from} to ${to}, server %i`, (index) => {
        const text = `listeners: [{ name: web, bind: 127.0.0.1:1, pool: a }]\npools:\n${pool('a', from, 100)}${pool('b', to, 200)}`;
        for (const place of [0, 1, 2]) {
          const document = parseDocument(text).edit({
            kind: 'server.move',
            pool: 'a',
            server: `a-${index + 1}`,
            toPool: 'b',
            index: place,
          });
          const checked = document.check();
          const names = checked.ok
            ? checked.config.pools.map((each) => each.servers.map(({ name }) => name))
            : [];
          expect(names).toEqual([[`a-${2 - index}`], ['b-1', 'b-2'].toSpliced(place, 0, `a-${index + 1}`)]);
          // Only a list in one line has no room for a comment.
          const comments = (source: string): string[] => source.match(/# \w+ of \w/g) ?? [];
          const lost = comments(text).filter((comment) => !document.text.includes(comment));
          if (to !== 'line') expect(lost).toEqual([]);
          else expect(lost.length).toBeLessThanOrEqual(2);
        }
      });
    }
  }
});

describe('replica groups that back a pool', () => {
  const withGroup = (count: string): string =>
    `${commented.replace('# the end', 'replicas:')}  - { name: api, command: node server.js${count}, pool: api } # ours\n`;

  it('name their ports once a server is dragged out, so that its process goes on', () => {
    for (const count of ['', ', count: 3']) {
      const text = withGroup(count);
      const document = parseDocument(text).edit({
        kind: 'server.move',
        pool: 'api',
        server: 'api-2',
        toPool: 'canary',
      });
      expect(document.text).toContain(
        '  - { name: api, command: node server.js, ports: [3001, 3002, 3003] } # ours\n',
      );
      expect(document.note).toBe(
        'replica group api now lists its ports, since its processes back more than pool api',
      );
    }
  });

  it('do not start a process for a server dragged in', () => {
    const document = parseDocument(withGroup('')).edit({
      kind: 'server.move',
      pool: 'canary',
      server: 'canary-1',
      toPool: 'api',
    });
    expect(document.text).toContain('ports: [3001, 3002, 3003]');
    const stays = parseDocument(withGroup(', count: 3')).edit({
      kind: 'server.move',
      pool: 'canary',
      server: 'canary-1',
      toPool: 'api',
    });
    expect(stays.text).toContain('count: 3, pool: api');
  });

  it('have one process fewer when a server is removed', () => {
    const document = parseDocument(withGroup(', count: 3')).edit({
      kind: 'server.remove',
      pool: 'api',
      server: 'api-1',
    });
    expect(document.text).toContain('count: 2, pool: api');
    expect(edited(withGroup(''), { kind: 'server.remove', pool: 'api', server: 'api-1' })).toContain(
      'node server.js, pool: api',
    );
  });

  it('leave with the last of their servers', () => {
    const text = withGroup('')
      .replaceAll('pool: api }', 'pool: canary }')
      .replace('pool: canary }   #', 'pool: api }   #');
    const document = parseDocument(text).edit({ kind: 'pool.remove', pool: 'canary' });
    expect(document.note).toBe('replica group api has no server left and is gone too');
    expect(document.text).not.toContain('replicas');
  });
});
