import type { ContractError } from '@shared/contract/errors.ts';
import { describe, expect, it } from 'vitest';
import { type DocumentEdit, parseDocument } from '../../../main/workspace/document.ts';

const commented = `# The shop, on this machine.
version: 1

listeners:
  # what the browser opens
  - { name: web, bind: 127.0.0.1:8080, pool: api }   # the front door

pools:
  # --- the API ---
  - name: api            # see docs/api.md
    strategy: "weighted-round-robin"
    servers:
      - { name: api-1, address: 127.0.0.1:3001, weight: 3 }  # the big one
      # on the old laptop
      - { name: api-2,   address: 127.0.0.1:3002 }

      - name: api-3      # spare
        address: 127.0.0.1:3003
        # never first
        backup: false
    healthCheck: &check { type: http, path: /health, interval: 2s }

  # --- the canary ---
  - name: canary
    servers:
      - address: 127.0.0.1:4001
        weight: 1
    healthCheck: *check
# the end
`;

function edited(text: string, ...changes: DocumentEdit[]): string {
  let document = parseDocument(text);
  for (const change of changes) document = document.edit(change);
  return document.text;
}

/** Lines taken away and lines added, as `- line` and `+ line`, in order. */
function difference(before: string, after: string): string[] {
  const [a, b] = [before.split('\n'), after.split('\n')];
  const lengths = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      lengths[i]![j] =
        a[i] === b[j] ? lengths[i + 1]![j + 1]! + 1 : Math.max(lengths[i + 1]![j]!, lengths[i]![j + 1]!);
  const lines: string[] = [];
  for (let i = 0, j = 0; i < a.length || j < b.length; ) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      i++;
      j++;
    } else if (i < a.length && (j === b.length || lengths[i + 1]![j]! >= lengths[i]![j + 1]!)) {
      lines.push(`-${a[i++]}`);
    } else lines.push(`+${b[j++]}`);
  }
  return lines;
}

function change(text: string, ...changes: DocumentEdit[]): string[] {
  return difference(text, edited(text, ...changes));
}

function refusalOf(text: string, edit: DocumentEdit): Pick<ContractError, 'code' | 'message'> {
  try {
    parseDocument(text).edit(edit);
  } catch (error) {
    const { code, message } = error as ContractError;
    return { code, message };
  }
  throw new Error('the edit was not refused');
}

describe('setting a weight', () => {
  it('changes that number and nothing else', () => {
    expect(
      change(commented, { kind: 'server.set-weight', pool: 'api', server: 'api-1', weight: 10 }),
    ).toEqual([
      '-      - { name: api-1, address: 127.0.0.1:3001, weight: 3 }  # the big one',
      '+      - { name: api-1, address: 127.0.0.1:3001, weight: 10 }  # the big one',
    ]);
  });

  it('adds one behind the address of a server written in one line', () => {
    expect(change(commented, { kind: 'server.set-weight', pool: 'api', server: 'api-2', weight: 0 })).toEqual(
      [
        '-      - { name: api-2,   address: 127.0.0.1:3002 }',
        '+      - { name: api-2,   address: 127.0.0.1:3002, weight: 0 }',
      ],
    );
  });

  it('adds a line to a server written in lines', () => {
    expect(change(commented, { kind: 'server.set-weight', pool: 'api', server: 'api-3', weight: 7 })).toEqual(
      ['+        weight: 7'],
    );
  });

  it('finds a server by the name it has by its place', () => {
    expect(
      change(commented, { kind: 'server.set-weight', pool: 'canary', server: 'canary-1', weight: 5 }),
    ).toEqual(['-        weight: 1', '+        weight: 5']);
  });

  it('keeps JSON what is JSON, and Windows line ends', () => {
    const text = `{\r\n  "listeners": [{"name": "web", "bind": "127.0.0.1:1", "pool": "api"}],\r\n  "pools": [\r\n    {\r\n      "name": "api",\r\n      "servers": [\r\n        {\r\n          "name": "a",\r\n          "address": "127.0.0.1:3001"\r\n        }\r\n      ]\r\n    }\r\n  ]\r\n}\r\n`;
    const after = edited(
      text,
      { kind: 'server.set-weight', pool: 'api', server: 'a', weight: 2 },
      { kind: 'server.add', pool: 'api', address: '127.0.0.1:3002' },
      { kind: 'pool.set-strategy', pool: 'api', strategy: 'ip-hash' },
    );
    expect(JSON.parse(after)).toEqual({
      listeners: [{ name: 'web', bind: '127.0.0.1:1', pool: 'api' }],
      pools: [
        {
          name: 'api',
          strategy: 'ip-hash',
          servers: [
            { name: 'a', address: '127.0.0.1:3001', weight: 2 },
            { name: 'api-2', address: '127.0.0.1:3002' },
          ],
        },
      ],
    });
    expect(after.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
  });

  it('refuses to change a value that an alias repeats elsewhere', () => {
    const text = commented
      .replace('weight: 3', 'weight: &heavy 3')
      .replace('        weight: 1', '        weight: *heavy');
    expect(
      refusalOf(text, { kind: 'server.set-weight', pool: 'api', server: 'api-1', weight: 9 }),
    ).toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('change it in an editor'),
    });
    expect(
      change(text, { kind: 'server.set-weight', pool: 'canary', server: 'canary-1', weight: 9 }),
    ).toEqual(['-        weight: *heavy', '+        weight: 9']);
  });

  it('writes its own weight into a server that has one by a merge key', () => {
    const text = `listeners: [{ name: web, bind: 127.0.0.1:1, pool: api }]
pools:
  - name: api
    servers:
      - &one { name: a, address: 127.0.0.1:3001, weight: 4 }
      - { <<: *one, name: b, address: 127.0.0.1:3002 }
`;
    expect(change(text, { kind: 'server.set-weight', pool: 'api', server: 'b', weight: 1 })).toEqual([
      '-      - { <<: *one, name: b, address: 127.0.0.1:3002 }',
      '+      - { <<: *one, name: b, address: 127.0.0.1:3002, weight: 1 }',
    ]);
  });

  it('says which server there is when there is no such one', () => {
    expect(refusalOf(commented, { kind: 'server.set-weight', pool: 'api', server: 'x', weight: 1 })).toEqual({
      code: 'not-found',
      message: 'pool api has no server "x"; it has api-1, api-2, api-3',
    });
    expect(refusalOf(commented, { kind: 'server.set-weight', pool: 'x', server: 'x', weight: 1 })).toEqual({
      code: 'not-found',
      message: 'there is no pool "x"; there is api, canary',
    });
  });
});

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

describe('adding and removing servers', () => {
  it('adds one in the layout of the list, with the next name', () => {
    expect(change(commented, { kind: 'server.add', pool: 'api', address: '127.0.0.1:3004' })).toEqual([
      '+      - { name: api-4, address: 127.0.0.1:3004 }',
    ]);
    expect(
      change(commented, { kind: 'server.add', pool: 'canary', address: '[::1]:4002', name: 'c', weight: 2 }),
    ).toEqual(['+      - name: c', '+        address: "[::1]:4002"', '+        weight: 2']);
  });

  it('adds to the end of a file without a last line break', () => {
    const text =
      'listeners: [{ name: web, bind: 127.0.0.1:1, pool: a }]\npools:\n- name: a\n  servers:\n  - address: 127.0.0.1:1001';
    expect(edited(text, { kind: 'server.add', pool: 'a', address: '127.0.0.1:1002' })).toBe(
      `${text}\n  - name: a-2\n    address: 127.0.0.1:1002`,
    );
  });

  it('refuses an address that is none with the words of the file check', () => {
    expect(refusalOf(commented, { kind: 'server.add', pool: 'api', address: 'nonsense' })).toEqual({
      code: 'invalid-config',
      message: '"nonsense" is no address; write host:port, e.g. 127.0.0.1:3001',
    });
    expect(refusalOf(commented, { kind: 'server.add', pool: 'api', address: '127.0.0.1:0' }).code).toBe(
      'invalid-config',
    );
  });

  it('refuses a name that is none with the words of the file check', () => {
    expect(
      refusalOf(commented, { kind: 'server.add', pool: 'api', address: '127.0.0.1:9', name: 'a: b # c' }),
    ).toMatchObject({ code: 'invalid-config', message: expect.stringContaining('a name is letters') });
  });

  it('refuses an address or name the pool has', () => {
    expect(
      refusalOf(commented, { kind: 'server.add', pool: 'api', address: '127.0.0.1:3001' }).message,
    ).toMatch('pool api has 127.0.0.1:3001 already: it is api-1');
    expect(
      refusalOf(commented, { kind: 'server.add', pool: 'api', address: '127.0.0.1:9', name: 'api-1' }).code,
    ).toBe('conflict');
  });

  it('removes a server with the comment that speaks of it', () => {
    expect(change(commented, { kind: 'server.remove', pool: 'api', server: 'api-2' })).toEqual([
      '-      # on the old laptop',
      '-      - { name: api-2,   address: 127.0.0.1:3002 }',
    ]);
  });

  it('removes the pool with its last server, and says so', () => {
    const document = parseDocument(commented).edit({
      kind: 'server.remove',
      pool: 'canary',
      server: 'canary-1',
    });
    expect(document.note).toBe('it was the last server of pool canary, which is gone too');
    expect(difference(commented, document.text)).toEqual([
      '-  # --- the canary ---',
      '-  - name: canary',
      '-    servers:',
      '-      - address: 127.0.0.1:4001',
      '-        weight: 1',
      '-    healthCheck: *check',
    ]);
  });
});

describe('pools and listeners', () => {
  it('adds a pool for a new address', () => {
    expect(
      change(commented, { kind: 'pool.add', name: 'blue', first: { address: '127.0.0.1:5001' } }),
    ).toEqual(['+  - name: blue', '+    servers:', '+      - { name: blue-1, address: 127.0.0.1:5001 }']);
  });

  it('adds a pool for a server from another, its comment included', () => {
    expect(
      change(commented, { kind: 'pool.add', name: 'blue', first: { pool: 'api', server: 'api-1' } }),
    ).toEqual([
      '-      - { name: api-1, address: 127.0.0.1:3001, weight: 3 }  # the big one',
      '+  - name: blue',
      '+    servers:',
      '+      - { name: api-1, address: 127.0.0.1:3001, weight: 3 }  # the big one',
    ]);
  });

  it('adds a pool to a list in one line', () => {
    const text =
      'listeners: [{ name: web, bind: 127.0.0.1:1, pool: a }]\npools: [{ name: a, servers: [{ address: 127.0.0.1:1001 }, { address: 127.0.0.1:1002 }] }]\n';
    expect(edited(text, { kind: 'pool.add', name: 'b', first: { pool: 'a', server: 'a-1' } })).toBe(
      'listeners: [{ name: web, bind: 127.0.0.1:1, pool: a }]\npools: [{ name: a, servers: [{ name: a-2, address: 127.0.0.1:1002 }] }, { name: b, servers: [{ name: a-1, address: 127.0.0.1:1001 }] }]\n',
    );
  });

  it('refuses a pool name that is taken', () => {
    expect(
      refusalOf(commented, { kind: 'pool.add', name: 'api', first: { address: '127.0.0.1:5001' } }),
    ).toEqual({ code: 'conflict', message: 'there is a pool "api" already; choose another name' });
  });

  it('refuses to remove a pool that a listener leads to', () => {
    expect(refusalOf(commented, { kind: 'pool.remove', pool: 'api' })).toEqual({
      code: 'conflict',
      message: 'listener web leads to pool api; lead it to another pool first',
    });
  });

  it('removes a pool with the comment above it', () => {
    expect(change(commented, { kind: 'pool.remove', pool: 'canary' })[0]).toBe('-  # --- the canary ---');
  });

  it('sets the strategy, in either form', () => {
    expect(change(commented, { kind: 'pool.set-strategy', pool: 'api', strategy: 'ip-hash' })).toEqual([
      '-    strategy: "weighted-round-robin"',
      '+    strategy: "ip-hash"',
    ]);
    expect(change(commented, { kind: 'pool.set-strategy', pool: 'canary', strategy: 'ip-hash' })).toEqual([
      '+    strategy: ip-hash',
    ]);
    const long = commented.replace('"weighted-round-robin"', '{ kind: round-robin } # fair');
    expect(change(long, { kind: 'pool.set-strategy', pool: 'api', strategy: 'ip-hash' })).toEqual([
      '-    strategy: { kind: round-robin } # fair',
      '+    strategy: { kind: ip-hash } # fair',
    ]);
  });

  it('refuses a strategy there is not', () => {
    expect(refusalOf(commented, { kind: 'pool.set-strategy', pool: 'api', strategy: 'toString' })).toEqual({
      code: 'invalid-config',
      message:
        'unknown strategy "toString"; choose one of round-robin, weighted-round-robin, least-connections, ip-hash',
    });
  });

  it('sets what binds clients, and keeps ttl and limits where both kinds have them', () => {
    const set = (affinity: 'none' | 'cookie' | 'client-ip') =>
      ({ kind: 'pool.set-affinity', pool: 'canary', affinity }) as const;
    expect(change(commented, set('cookie'))).toEqual(['+    affinity: { type: cookie }']);
    expect(change(commented, set('none'))).toEqual([]);
    const sticky = edited(commented, set('cookie')).replace('type: cookie', 'type: cookie, ttl: 5m');
    expect(change(sticky, set('client-ip'))).toEqual([
      '-    affinity: { type: cookie, ttl: 5m }',
      '+    affinity: { type: client-ip, ttl: 5m }',
    ]);
    expect(change(sticky, set('none'))).toEqual([
      '-    affinity: { type: cookie, ttl: 5m }',
      '+    affinity: { type: none }',
    ]);
  });

  it('sets the mode of batching, and keeps depth and wait', () => {
    const set = (batching: 'off' | 'on' | 'adaptive') =>
      ({ kind: 'pool.set-batching', pool: 'canary', batching }) as const;
    expect(change(commented, set('adaptive'))).toEqual(['+    batching: adaptive']);
    expect(change(commented, set('off'))).toEqual([]);
    const on = edited(commented, set('adaptive'));
    expect(change(on, set('off'))).toEqual(['-    batching: adaptive', '+    batching: off']);
    const deep = on.replace('batching: adaptive', 'batching: { depth: 8 }');
    expect(change(deep, set('on'))).toEqual([
      '-    batching: { depth: 8 }',
      '+    batching: { depth: 8, mode: on }',
    ]);
  });

  it('leads a listener to another pool', () => {
    expect(change(commented, { kind: 'listener.set-pool', listener: 'web', pool: 'canary' })).toEqual([
      '-  - { name: web, bind: 127.0.0.1:8080, pool: api }   # the front door',
      '+  - { name: web, bind: 127.0.0.1:8080, pool: canary }   # the front door',
    ]);
  });

  it('replaces routes, and says so', () => {
    const text = commented.replace(
      'pool: api }   # the front door',
      'routes: [{ path: /, pool: api }, { path: /new, pool: canary }] }',
    );
    const document = parseDocument(text).edit({ kind: 'listener.set-pool', listener: 'web', pool: 'canary' });
    expect(difference(text, document.text)[1]).toBe('+  - { name: web, bind: 127.0.0.1:8080, pool: canary }');
    expect(document.note).toBe('the 2 routes of listener web are gone: everything goes to canary');
  });
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

it('is refused while the file has problems', () => {
  const text = commented.replace('weight: 3', 'wieght: 3');
  expect(refusalOf(text, { kind: 'pool.remove', pool: 'canary' })).toEqual({
    code: 'invalid-config',
    message:
      'the file has to be repaired before it can be changed from here: unknown key "wieght"; did you mean "weight"? (line 13)',
  });
});
