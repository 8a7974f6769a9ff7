import { describe, expect, it } from 'vitest';
import { parseDocument } from '../../../main/workspace/document.ts';
import { change, commented, difference, edited, refusalOf } from '../../support/edit-kit.ts';

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

  it('sets options of a strategy, and takes out those that the new one does not know', () => {
    const set = (strategy: string, options?: Record<string, string | number | null>) =>
      ({ kind: 'pool.set-strategy', pool: 'api', strategy, ...(options && { options }) }) as const;
    expect(
      change(commented, set('hash', { key: 'header:x-user', boundedLoad: 1.25, fallback: null })),
    ).toEqual([
      '-    strategy: "weighted-round-robin"',
      '+    strategy: { "kind": "hash", "key": "header:x-user", "boundedLoad": 1.25 }',
    ]);
    const hashed = commented.replace(
      '"weighted-round-robin"',
      '\n      kind: hash # by user\n      key: header:x-user\n      boundedLoad: 1.25 # room for one more\n      fallback: first',
    );
    expect(change(hashed, set('hash', { key: 'cookie:user', boundedLoad: null }))).toEqual([
      '-      key: header:x-user',
      '-      boundedLoad: 1.25 # room for one more',
      '+      key: cookie:user',
    ]);
    expect(change(hashed, set('least-time', { decay: '5s' }))).toEqual([
      '-      kind: hash # by user',
      '-      key: header:x-user',
      '-      boundedLoad: 1.25 # room for one more',
      '-      fallback: first',
      '+      kind: least-time # by user',
      '+      decay: 5s',
    ]);
  });

  it('refuses options that a strategy has not, needs, or cannot have', () => {
    const refused = (strategy: string, options: Record<string, string | number>) =>
      refusalOf(commented, { kind: 'pool.set-strategy', pool: 'api', strategy, options });
    expect(refused('least-time', { key: 'path' })).toEqual({
      code: 'invalid-config',
      message: 'strategy least-time has no option "key"; it has decay',
    });
    expect(refused('random', { seed: 1 })?.message).toBe('strategy random has no option "seed"; it has none');
    expect(refused('hash', {})?.message).toBe(
      'strategy hash needs a key; write strategy: { kind: hash, key: header:x-user }',
    );
    expect(refused('hash', { key: 'path', boundedLoad: 0.5 })?.message).toContain('write at least 1');
  });

  it('refuses a strategy there is not', () => {
    expect(refusalOf(commented, { kind: 'pool.set-strategy', pool: 'api', strategy: 'toString' })).toEqual({
      code: 'invalid-config',
      message:
        'unknown strategy "toString"; choose one of round-robin, weighted-round-robin, least-connections, power-of-two, least-time, random, ip-hash, hash, first',
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

  it('names what a client is told by, and takes away what the kind does not know', () => {
    const cookie = { kind: 'pool.set-affinity', pool: 'canary', affinity: 'cookie' } as const;
    const learned = { ...cookie, affinity: 'app-cookie', name: 'JSESSIONID' } as const;
    expect(change(commented, learned)).toEqual(['+    affinity: { type: app-cookie, name: JSESSIONID }']);
    expect(change(commented, { ...cookie, affinity: 'header', name: 'x-session' })).toEqual([
      '+    affinity: { type: header, header: x-session }',
    ]);
    expect(refusalOf(commented, { ...cookie, affinity: 'header' })).toEqual({
      code: 'invalid-params',
      message: 'header needs the name of the field, e.g. x-session',
    });
    const rich = edited(commented, cookie).replace(
      'type: cookie',
      'type: cookie, ttl: 5m, sameSite: strict, expiry: fixed',
    );
    expect(change(rich, learned)).toEqual([
      '-    affinity: { type: cookie, ttl: 5m, sameSite: strict, expiry: fixed }',
      '+    affinity: { type: app-cookie, name: JSESSIONID, ttl: 5m, expiry: fixed }',
    ]);
    expect(change(edited(rich, learned), { ...cookie, affinity: 'client-ip' })).toEqual([
      '-    affinity: { type: app-cookie, name: JSESSIONID, ttl: 5m, expiry: fixed }',
      '+    affinity: { type: client-ip, ttl: 5m, expiry: fixed }',
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

it('is refused while the file has problems', () => {
  const text = commented.replace('weight: 3', 'wieght: 3');
  expect(refusalOf(text, { kind: 'pool.remove', pool: 'canary' })).toEqual({
    code: 'invalid-config',
    message:
      'the file has to be repaired before it can be changed from here: unknown key "wieght"; did you mean "weight"? (line 13)',
  });
});
