import { describe, expect, it } from 'vitest';
import { networkOf } from '../../../main/engine/strategy/ip-network.ts';
import { poolKit, serversNamed } from '../../support/engine-kit.ts';
import {
  candidatesNamed,
  factsOf,
  sequence,
  strategyOf,
  type TestServer,
} from '../../support/strategy-kit.ts';

const keys = Array.from({ length: 5_000 }, (_, index) => `user-${index}`);

describe('hash', () => {
  const home = (candidates: readonly TestServer[]): Map<string, string> => {
    const strategy = strategyOf('hash');
    return new Map(
      keys.map((key) => [key, strategy.pick(candidates, factsOf({ headers: { 'x-user': key } }), 0).id]),
    );
  };

  it('moves only the keys of the server that leaves, and brings exactly those back', () => {
    const all = candidatesNamed({ a: 1, b: 2, c: 1, d: 0.5 });
    const before = home(all);
    const without = home(all.filter(({ id }) => id !== 'b'));
    for (const [key, server] of before) {
      if (server === 'b') expect(without.get(key)).not.toBe('b');
      else expect(without.get(key)).toBe(server);
    }
    expect(home(all)).toEqual(before);
  });

  it('moves keys only to a server whose weight rises, and only from one whose weight falls', () => {
    const before = home(candidatesNamed({ a: 1, b: 1, c: 1 }));
    for (const [key, server] of home(candidatesNamed({ a: 1, b: 3, c: 1 })))
      if (server !== before.get(key)) expect(server).toBe('b');
    for (const [key, server] of home(candidatesNamed({ a: 1, b: 0.5, c: 1 })))
      if (server !== before.get(key)) expect(before.get(key)).toBe('b');
  });

  const cases: [string, Parameters<typeof factsOf>[0], string | null][] = [
    ['header:X-User', { headers: { 'x-user': 'amy' } }, 'amy'],
    ['header:x-user', { headers: { 'x-user': '' } }, null],
    ['header:x-user', {}, null],
    ['cookie:user', { headers: { cookie: 'theme=dark; user=amy; superuser=bob' } }, 'amy'],
    ['cookie:user', { headers: { cookie: 'superuser=bob' } }, null],
    ['query:user', { target: '/x?superuser=bob&user=amy&user=zoe' }, 'amy'],
    ['query:user', { target: '/x?user=a%20b#f' }, 'a%20b#f'],
    ['query:user', { target: '/x?next=/p?user=5&user=7' }, '7'],
    ['query:user', { target: '/x?next=/p?user=5' }, null],
    ['query:user', { target: '/x?user&us%65r=1&users=2&user=a?b=c' }, 'a?b=c'],
    ['query:user', { target: '/user=amy' }, null],
    ['query:user', { target: '/x?user=&user=amy' }, null],
    ['path', { target: '/orders/7?page=2' }, '/orders/7'],
    ['path', { target: 'http://shop.test:80/orders/7?page=2' }, '/orders/7'],
    ['path', { target: 'http://shop.test' }, '/'],
    ['uri', { target: '/orders/7?page=2' }, '/orders/7?page=2'],
    ['uri', { target: '*' }, '*'],
    ['client-ip', { client: '10.0.0.1' }, '10.0.0.1'],
  ];

  it.each(cases)('by %s of %j decides by %j', (key, from, value) => {
    const servers = candidatesNamed(
      Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`s${index}`, 1])),
    );
    const strategy = strategyOf({ kind: 'hash', key, fallback: 'first' });
    const picked = strategy.pick(servers, factsOf(from), 0);
    if (value === null) expect([picked.id, strategy.pickedBy]).toEqual(['s0', 'first']);
    else {
      const same = strategyOf('hash').pick(servers, factsOf({ headers: { 'x-user': value } }), 0);
      expect([picked.id, strategy.pickedBy]).toEqual([same.id, 'hash']);
    }
  });

  it('falls back to weighted turns, which go on beside requests with a key', () => {
    const servers = candidatesNamed({ a: 5, b: 1, c: 1 });
    const strategy = strategyOf('hash');
    let text = '';
    for (let request = 0; request < 14; request++) {
      strategy.pick(servers, factsOf({ headers: { 'x-user': `u${request}` } }), 0);
      text += sequence(strategy, servers, 1);
    }
    expect(text).toBe('aabacaaaabacaa');
  });
});

describe('the network of an address', () => {
  it.each([
    ['2001:db8:1:2:3:4:5:6', 64, '2001:db8:1:2:0:0:0:0/64'],
    ['2001:db8:1:2::6', 64, '2001:db8:1:2:0:0:0:0/64'],
    ['2001:db8:ff00::', 36, '2001:db8:f000:0:0:0:0:0/36'],
    ['::1', 1, '0:0:0:0:0:0:0:0/1'],
    ['fe80::1%eth0', 16, 'fe80:0:0:0:0:0:0:0/16'],
    ['2001:db8::1', 128, '2001:db8::1'],
    ['10.1.2.3', 64, '10.1.2.3'],
  ])('of %s with %i bits is %s', (address, prefix, network) => {
    expect(networkOf(address, prefix)).toBe(network);
  });
});

describe('in a pool', () => {
  const answered = (kit: ReturnType<typeof poolKit>, from: Parameters<typeof kit.request>[0]): string => {
    const exchange = kit.request(from);
    kit.pool.choose(exchange);
    kit.end(exchange, 'responded');
    kit.journal.record(exchange, kit.clock.now());
    return kit.journal.detail(exchange.idText)!.attemptList.at(-1)!.decision!.sentence;
  };

  it('says by which key it chose, and by what a request went that had none', () => {
    const servers = serversNamed({ a: 1, b: 1 });
    const byAddress = poolKit({ servers, strategy: { kind: 'hash', key: 'client-ip' } });
    expect(answered(byAddress, { client: '10.0.0.1' })).toMatch(
      /^Hash chose [ab], which has the highest score for this client's address \([\d.e+]+\)\.$/,
    );
    const byHeader = poolKit({ servers, strategy: { kind: 'hash', key: 'header:x-user' } });
    expect(answered(byHeader, {})).toBe(
      'The request has no header x-user: weighted round robin chose a, whose turn it was (current 1, next best b at 1).',
    );
  });

  it('takes no score of the request before for something that the fallback drew', () => {
    const servers = serversNamed({ a: 1, b: 1, c: 1, d: 1 });
    const strategy = { kind: 'hash', key: 'header:x-user', fallback: 'power-of-two' } as const;
    const kit = poolKit({ servers, strategy });
    expect(answered(kit, { fields: { 'x-user': 'ada' } })).toMatch(/^Hash chose/);
    const exchange = kit.request();
    kit.pool.choose(exchange);
    kit.end(exchange, 'responded');
    kit.journal.record(exchange, kit.clock.now());
    const seen = kit.journal.detail(exchange.idText)!.attemptList[0]!.decision!.servers;
    expect(seen.filter(({ detail }) => detail.startsWith('drawn '))).toHaveLength(2);
  });

  it('says who was passed by at its bound', () => {
    const kit = poolKit({
      servers: serversNamed({ a: 1, b: 1, c: 1 }),
      strategy: { kind: 'hash', key: 'client-ip', boundedLoad: 1 },
    });
    const first = kit.request({ client: '10.0.0.1' });
    const home = kit.pool.choose(first)!;
    const sentence = answered(kit, { client: '10.0.0.1' });
    expect(sentence).toMatch(
      /passed by at their bound of 1 times their share of all in flight was [abc] with 1\.$/,
    );
    expect(sentence).toContain(`was ${home.name} with 1`);
  });

  it.each([
    [
      'power-of-two',
      /^Power of two choices chose b, as busy, but drawn first of the two that were drawn \(0 in flight \/ weight 1, a with 0 in flight \/ weight 1\)\.$/,
    ],
    [
      'least-time',
      /^Least time chose a, which has not answered yet and has nothing in flight, and is asked first\.$/,
    ],
    ['random', /^Random chose b, drawn by chance, 1 of 2 by weight\.$/],
    ['first', /^First chose a, the first in the file that could take it \(0 in flight\)\.$/],
  ] as const)('%s says why', (strategy, sentence) => {
    // Chance is one half in this kit.
    expect(answered(poolKit({ servers: serversNamed({ a: 1, b: 1 }), strategy }), {})).toMatch(sentence);
  });
});
