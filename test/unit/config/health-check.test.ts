import { parseConfig } from '@shared/config/parse.ts';
import { describe, expect, it } from 'vitest';
import { poolConfig } from '../../support/engine-kit.ts';

type Input = NonNullable<Parameters<typeof poolConfig>[0]['healthCheck']>;

const read = (healthCheck: Input) =>
  poolConfig({ servers: [{ address: '127.0.0.1:3001' }], healthCheck }).healthCheck;

/** What is said of a health check that cannot be used. */
function told(healthCheck: unknown): string[] {
  const parsed = parseConfig({
    listeners: [{ name: 'web', bind: '127.0.0.1:8080', pool: 'api' }],
    pools: [{ name: 'api', servers: [{ address: '127.0.0.1:3001' }], healthCheck }],
  });
  return parsed.ok
    ? []
    : parsed.problems.map(({ path, message }) => `${path.slice(3).join('.')}: ${message}`);
}

describe('the health check of a file', () => {
  it.each([
    ['2s', { intervalMs: 2_000, fastIntervalMs: 500, downIntervalMs: 2_000 }],
    ['200ms', { intervalMs: 200, fastIntervalMs: 100, downIntervalMs: 200 }],
    ['60ms', { intervalMs: 60, fastIntervalMs: 60, downIntervalMs: 60 }],
  ])('with an interval of %s follows from it what is left out', (interval, expected) => {
    expect(read({ type: 'tcp', interval })).toMatchObject({ ...expected, jitter: 10, initial: 'unknown' });
  });

  it('keeps the intervals it is told', () => {
    expect(read({ type: 'tcp', fastInterval: '1s', downInterval: '30s' })).toMatchObject({
      intervalMs: 2_000,
      fastIntervalMs: 1_000,
      downIntervalMs: 30_000,
    });
  });

  it('takes a host field for the host', () => {
    expect(read({ type: 'http', headers: { HOST: 'a.test', 'x-a': '1' } })).toMatchObject({
      host: 'a.test',
      headers: { 'x-a': '1' },
    });
  });

  it('takes an expression for as many bytes as it says, and not for one more', () => {
    const [message = ''] = told({ type: 'http', body: { matches: '(a|b){190}c' } });
    const bytes = Number(/bytes: (\d+)/.exec(message)?.[1]);
    expect(told({ type: 'http', body: { matches: '(a|b){190}c', bytes } })).toEqual([]);
    expect(told({ type: 'http', body: { matches: '(a|b){190}c', bytes: bytes + 1 } })).toHaveLength(1);
  });

  it.each<[object, string[]]>([
    [
      { type: 'http', method: 'HEAD', body: { contains: 'ok' } },
      ['method: the response to HEAD has no body to look at; write method: GET'],
    ],
    [
      { type: 'http', body: {} },
      ['body: body needs one of contains and matches; write e.g. body: { contains: ok }'],
    ],
    [
      { type: 'http', body: { contains: 'a', matches: 'b' } },
      ['body: body needs one of contains and matches; write e.g. body: { contains: ok }'],
    ],
    [
      { type: 'http', body: { matches: '(a' } },
      ['body.matches: the expression "(a" cannot be used: a "(" is not closed; write \\( for the character'],
    ],
    [
      { type: 'http', body: { matches: '(a)\\1' } },
      [
        'body.matches: the expression "(a)\\\\1" cannot be used: \\1 refers back to a group, which takes more than one pass; write the text itself',
      ],
    ],
    [
      { type: 'http', body: { matches: '(a|b){190}c' } },
      [
        'body.matches: looking for the expression "(a|b){190}c" in 65536 bytes may take too long; write a simpler one, or bytes: 13961 to look at less of the body',
      ],
    ],
    [
      { type: 'http', headers: { 'x a': '1' } },
      ['headers.x a: "x a" is no name of a field; write e.g. x-probe: "1"'],
    ],
    [
      { type: 'http', headers: { Connection: 'close' } },
      ['headers.Connection: the probe writes Connection itself; leave it out'],
    ],
    [{ type: 'http', headers: { a: '1', A: '2' } }, ['headers.A: A stands here twice; write it once']],
    [
      { type: 'http', headers: { a: 'x\r\ny: z' } },
      [
        'headers.a: the value of a has a line break or another character that no field can have; write it without',
      ],
    ],
    [
      { type: 'http', host: 'a.test', headers: { host: 'b.test' } },
      ['host: host stands in headers as well; write it once'],
    ],
    ...(['http', 'grpc'] as const).flatMap((type) =>
      ['日本.example', 'bücher.example', 'a\u0000b', 'a\u007fb', 'a b', 'a/b'].map(
        (host): [object, string[]] => [
          { type, host },
          [
            `host: host ${JSON.stringify(host)}: a host name in ASCII characters, without spaces or "/"; write e.g. api.example, and another alphabet in its xn-- form, e.g. xn--wgv71a.example`,
          ],
        ],
      ),
    ),
    [
      { type: 'http', path: '/ä' },
      ['path: path "/ä": a path starts with "/" and has no spaces; write e.g. /health'],
    ],
    [
      { type: 'tcp', initial: 'up' },
      ['initial: initial of healthCheck of pool api is the text "up"; write unknown, healthy or unhealthy'],
    ],
    [{ type: 'tcp', jitter: 80 }, ['jitter: jitter of healthCheck of pool api is 80; write at most 50']],
    [
      { type: 'grpc', service: 'a b' },
      ['service: service "a b": the full name of a service; write e.g. shop.v1.Orders'],
    ],
    [
      { type: 'icmp' },
      [
        'type: type of healthCheck of pool api is the text "icmp"; write type: http, type: tcp, type: grpc or type: none',
      ],
    ],
  ])('refuses %j in words', (healthCheck, problems) => {
    expect(told(healthCheck)).toEqual(problems);
  });
});
