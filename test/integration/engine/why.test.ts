import { describe, expect, it, vi } from 'vitest';
import { afterThisTest } from '../../support/after-this-test.ts';
import { moodyServer } from '../../support/moody-server.ts';
import { exchangeBytes, rawServer } from '../../support/raw-sockets.ts';
import { get, gone, late, member, occupy, run, story, told, unhealthy } from '../../support/why-kit.ts';

vi.setConfig({ testTimeout: 60_000 });

describe('ballast why tells somebody who has never used Ballast', () => {
  it('how a request got through a failover', async () => {
    const servers = [member(await moodyServer('a', 'breaks')), member(await moodyServer('b'))];
    const { engine, url } = await run({ servers });
    await get(url);
    expect(await story(engine)).toMatchInlineSnapshot(`
      "GET / got 200 from b after …, with 2 attempts: a failed (closed without a response).
        asked    at … by 127.0.0.1, listener web, request …
        led to   pool api (any host, any path), which picks by round robin

      attempt 1, at …: a failed after …: closed without a response
        Round robin chose a, whose turn it was.
        > a  picked:        0 in flight, not probed
          b  could take it: 0 in flight, not probed
      attempt 2, at …: b answered 200 after …
        The attempt before, at a, failed (closed without a response). Round robin chose b, the only one to choose from.
          a  out: was tried already: closed without a response
        > b  picked:        0 in flight, not probed"
    `);
  });

  it('that it waited before the retry', async () => {
    const servers = [member(await moodyServer('a', 'breaks')), member(await moodyServer('b'))];
    const { engine, url } = await run({ servers, retry: { backoff: { base: '80ms', max: '80ms' } } });
    await get(url);
    const { attemptList } = await told(engine);
    const [first, second] = attemptList;
    const gapMs = second!.startedAfterMs - first!.startedAfterMs - first!.durationMs;
    expect(second!.decision!.pausedMs).toBeGreaterThan(0);
    expect(second!.decision!.pausedMs).toBeLessThanOrEqual(gapMs + 0.01);
    expect(first!.decision!.pausedMs).toBe(0);
    expect(await story(engine)).toContain(
      'The attempt before, at a, failed (closed without a response). It waited … before it was tried again (retry.backoff). Round robin chose b',
    );
  });

  it('that the hedge answered first', async () => {
    const servers = [member(await moodyServer('a', late)), member(await moodyServer('b'))];
    const { engine, url } = await run({ servers, retry: { hedge: { after: '30ms' } } });
    await get(url);
    expect(await story(engine)).toMatchInlineSnapshot(`
      "GET / got 200 from b after …, with 2 attempts: a was overtaken (b answered first).
        asked    at … by 127.0.0.1, listener web, request …
        led to   pool api (any host, any path), which picks by round robin

      attempt 1, at …: a was overtaken after …: b answered first
        Round robin chose a, whose turn it was.
        > a  picked:        0 in flight, not probed
          b  could take it: 0 in flight, not probed
      attempt 2, at …: b answered 200 after …
        a had not answered yet, so another server was asked as well (retry.hedge). Round robin chose b, the only one to choose from.
          a  out: has the request already
        > b  picked:        0 in flight, not probed"
    `);
  });

  it('that the hedge was not needed', async () => {
    const a = await moodyServer('a', { afterMs: 400 });
    const b = await moodyServer('b', late);
    const { engine, url } = await run({
      servers: [member(a), member(b)],
      retry: { hedge: { after: '30ms' } },
    });
    await get(url);
    expect(await story(engine)).toMatchInlineSnapshot(`
      "GET / got 200 from a after …, with 2 attempts: b was not needed (a answered first).
        asked    at … by 127.0.0.1, listener web, request …
        led to   pool api (any host, any path), which picks by round robin

      attempt 1, at …: a answered 200 after …
        Round robin chose a, whose turn it was.
        > a  picked:        0 in flight, not probed
          b  could take it: 0 in flight, not probed
      attempt 2, at …: b was not needed after …: a answered first
        a had not answered yet, so another server was asked as well (retry.hedge). Round robin chose b, the only one to choose from.
          a  out: has the request already
        > b  picked:        0 in flight, not probed"
    `);
  });

  it('that it waited in the queue in vain', async () => {
    const a = await moodyServer('a', late);
    const { engine, url } = await run({
      servers: [member(a, { maxRequests: 1 })],
      queue: { timeout: '60ms' },
    });
    await occupy(url, a);
    await get(url);
    expect(await story(engine)).toMatchInlineSnapshot(`
      "GET / failed: the client got 503 from Ballast itself after ….
        asked    at … by 127.0.0.1, listener web, request …
        led to   pool api (any host, any path), which picks by round robin
        error    every server of pool "api" that could take the request is at its limit (a 1/1), and no slot came free within 60ms (queue.timeout)

      attempt 1 was not made: it waited … in the queue of pool api in vain
        It waited … in the queue in vain. No server was available: a is at its limit of requests in flight.
          a  out: is full, with 1 request in flight of at most 1"
    `);
  });

  it('that a server was full and nobody may wait', async () => {
    const a = await moodyServer('a', late);
    const { engine, url } = await run({ servers: [member(a, { maxRequests: 1 })], queue: { length: 0 } });
    await occupy(url, a);
    await get(url);
    expect(await story(engine)).toMatchInlineSnapshot(`
      "GET / failed: the client got 503 from Ballast itself after ….
        asked    at … by 127.0.0.1, listener web, request …
        led to   pool api (any host, any path), which picks by round robin
        error    every server of pool "api" that could take the request is at its limit (a 1/1), and none may wait (queue.length is 0)

      attempt 1 was not made: no server of pool api had room for it
        No server was available: a is at its limit of requests in flight.
          a  out: is full, with 1 request in flight of at most 1"
    `);
  });

  it('that the pool was full and nobody may wait', async () => {
    const a = await moodyServer('a', late);
    const servers = [member(a), member(await moodyServer('b'))];
    const { engine, url } = await run({ servers, maxRequests: 1, queue: { length: 0 } });
    await occupy(url, a);
    await get(url);
    expect(await story(engine)).toMatchInlineSnapshot(`
      "GET / failed: the client got 503 from Ballast itself after ….
        asked    at … by 127.0.0.1, listener web, request …
        led to   pool api (any host, any path), which picks by round robin
        error    pool "api" has as many requests in flight as it may (1/1, maxRequests), and none may wait (queue.length is 0)

      attempt 1 was not made: pool api had as many requests in flight as it may
        The pool had as many requests in flight as it may (maxRequests 1).
          a  not asked: 1 in flight, not probed
          b  not asked: 0 in flight, not probed"
    `);
  });

  it('that the pool was in panic', async () => {
    const { engine, url } = await run({
      servers: [member(await moodyServer('a')), await gone('b'), await gone('c')],
      panicThreshold: 60,
      healthCheck: { type: 'tcp', interval: '100ms' },
    });
    await unhealthy(engine, 2);
    await get(url);
    await get(url);
    expect(await story(engine)).toMatchInlineSnapshot(`
      "GET / got 200 from a after …, with 2 attempts: b failed (connection refused).
        asked    at … by 127.0.0.1, listener web, request …
        led to   pool api (any host, any path), which picks by round robin

      attempt 1, at …: b failed after …: connection refused
        Round robin chose b, whose turn it was after a. The pool was in panic: 1 of 3 servers was available, less than its panicThreshold, so what probes and failures said of them was ignored.
          a  could take it: 0 in flight, response time counted as …, had the turn before
        > b  picked:        0 in flight, unhealthy, but the pool was in panic
          c  could take it: 0 in flight, unhealthy, but the pool was in panic
      attempt 2, at …: a answered 200 after …
        The attempt before, at b, failed (connection refused). Round robin chose a, whose turn it was. The pool was in panic: 1 of 3 servers was available, less than its panicThreshold, so what probes and failures said of them was ignored.
        > a  picked:        0 in flight, response time counted as …
          b  out: was tried already: connection refused
          c  could take it: 0 in flight, unhealthy, but the pool was in panic"
    `);
  });

  it('that all servers are gone, and that they were asked all the same', async () => {
    const { engine, url } = await run({
      servers: [await gone('a'), await gone('b')],
      healthCheck: { type: 'tcp', interval: '100ms' },
    });
    await unhealthy(engine, 2);
    await get(url);
    expect(await story(engine)).toMatchInlineSnapshot(`
      "GET / failed: the client got 503 from Ballast itself after ….
        asked    at … by 127.0.0.1, listener web, request …
        led to   pool api (any host, any path), which picks by round robin
        error    no server of pool "api" is available: a is unhealthy, b is unhealthy; after 2 attempts: b: connection refused; there was no other server to try

      attempt 1, at …: a failed after …: connection refused
        Round robin chose a, the only one to choose from. No server was available; a, where nobody listened … ago, was asked all the same, since that may have changed. Left out: b is unhealthy.
        > a  picked:        0 in flight, unhealthy, but no better one was available
          b  out: is unhealthy: nobody listens there
      attempt 2, at …: b failed after …: connection refused
        The attempt before, at a, failed (connection refused). Round robin chose b, the only one to choose from. No server was available; b, where nobody listened … ago, was asked all the same, since that may have changed.
          a  out: was tried already: connection refused
        > b  picked:        0 in flight, unhealthy, but no better one was available
      attempt 3 was not made: no server of pool api was left for it
        The attempt before, at b, failed (connection refused). No server was available: a was tried already, b was tried already.
          a  out: was tried already: connection refused
          b  out: was tried already: connection refused"
    `);
  });

  it('that the probes of all servers fail', async () => {
    const servers = [
      member(await moodyServer('a', { status: 500 })),
      member(await moodyServer('b', { status: 500 })),
    ];
    const { engine, url } = await run({
      servers,
      healthCheck: { type: 'http', path: '/', interval: '100ms', fall: 1 },
    });
    await unhealthy(engine, 2);
    await get(url);
    expect(await story(engine)).toMatchInlineSnapshot(`
      "GET / failed: the client got 503 from Ballast itself after ….
        asked    at … by 127.0.0.1, listener web, request …
        led to   pool api (any host, any path), which picks by round robin
        error    no server of pool "api" is available: a is unhealthy, b is unhealthy

      attempt 1 was not made: no server of pool api was left for it
        No server was available: a is unhealthy, b is unhealthy.
          a  out: is unhealthy: its probes fail
          b  out: is unhealthy: its probes fail"
    `);
  });

  it('that no route matched', async () => {
    const servers = [member(await moodyServer('a'))];
    const routes = [{ host: 'shop.test', path: '/api', pool: 'api' }];
    const { engine, url } = await run({ servers }, { routes });
    await get(`${url}/x`);
    expect(await story(engine)).toMatchInlineSnapshot(`
      "GET /x was turned away: the client got 404 from Ballast itself after ….
        asked    at … by 127.0.0.1, listener web, request …
        error    no route of listener "web" matches host "127.0.0.1:PORT" and path "/x"; add one under listeners in ballast.yaml"
    `);
  });

  it('what was wrong with the request', async () => {
    const { engine, port } = await run({ servers: [member(await moodyServer('a'))] });
    await exchangeBytes(port, 'GET /x HTTP/1.1\r\n\r\n');
    expect(await story(engine)).toMatchInlineSnapshot(`
      "GET /x was turned away: the client got 400 from Ballast itself after ….
        asked    at … by 127.0.0.1, listener web, request …
        error    an HTTP/1.1 request needs exactly one Host field"
    `);
  });

  it('why a session moved, and that it stays there', async () => {
    const a = await moodyServer('a');
    const { engine, url } = await run({
      servers: [member(a), member(await moodyServer('b'))],
      affinity: { type: 'cookie' },
    });
    const { headers } = await get(url);
    const cookie = String(headers['set-cookie']).split(';')[0]!;
    a.mood = 'breaks';
    await get(url, { cookie });
    expect(await story(engine)).toMatchInlineSnapshot(`
      "GET / got 200 from b after …, with 2 attempts: a failed (closed without a response).
        asked    at … by 127.0.0.1, listener web, request …
        led to   pool api (any host, any path), which picks by round robin
        session  by cookie: moved to b: the session pointed at a, which failed (closed without a response)

      attempt 1, at …: a failed after …: closed without a response
        The session pointed at a, which was available, so it kept the request.
        > a  picked:        0 in flight, not probed, response time counted as …
          b  could take it: 0 in flight, not probed
      attempt 2, at …: b answered 200 after …
        The session pointed at a, which failed (closed without a response), so the session moved: round robin chose b, the only one to choose from.
          a  out: was tried already: closed without a response
        > b  picked:        0 in flight, not probed"
    `);
    await get(url, { cookie });
    expect(await story(engine)).toContain('\n  session  by cookie: stayed at b\n');
  });

  it('that the circuit was open', async () => {
    const { engine, url } = await run({
      servers: [member(await moodyServer('a', 'breaks'))],
      circuitBreaker: { failurePercent: 50, minimumRequests: 1 },
    });
    await get(url);
    await get(url);
    expect(await story(engine)).toMatchInlineSnapshot(`
      "GET / failed: the client got 503 from Ballast itself after ….
        asked    at … by 127.0.0.1, listener web, request …
        led to   pool api (any host, any path), which picks by round robin
        error    the circuit of pool "api" is open, because 1 of 1 requests failed within 10s; it is tried again in … (circuitBreaker)

      attempt 1 was not made: the circuit of pool api was open
        The circuit of this pool was open, so no server was asked.
          a  out: was left alone: the circuit of its pool was open"
    `);
  });

  it('that a response broke off, and what the client had got of it', async () => {
    const raw = await rawServer((socket) => {
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf');
    });
    afterThisTest(() => raw.close());
    const { engine, url } = await run({ servers: [{ name: 'a', address: `127.0.0.1:${raw.port}` }] });
    await get(url).catch(() => {});
    expect(await story(engine)).toMatchInlineSnapshot(`
      "GET / failed: the response of a broke off after …; its status 200 had been passed on.
        asked    at … by 127.0.0.1, listener web, request …
        led to   pool api (any host, any path), which picks by round robin
        error    a: closed before the response was complete; part of the response had already been passed on

      attempt 1, at …: a failed after …: closed before the response was complete
        Round robin chose a, the only one to choose from.
        > a  picked:        0 in flight, not probed
      nothing more was tried: part of the response had already been passed on"
    `);
  });
});
