import { describe, expect, it } from 'vitest';
import { parseDocument } from '../../../main/workspace/document.ts';
import { change, commented, difference, edited, refusalOf } from '../../support/edit-kit.ts';

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
