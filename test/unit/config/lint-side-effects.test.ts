import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseDocument } from '../../../main/workspace/document.ts';

const engine = join(import.meta.dirname, '../../../main/engine');
const two = 'servers: [{ address: 127.0.0.1:3001 }, { address: 127.0.0.1:3002 }]';
const one = 'servers: [{ address: 127.0.0.1:3001 }]';

function rulesOf(pool: string, bind = '0.0.0.0:8080', limits = '{}'): string[] {
  const document = parseDocument(
    `listeners: [{ name: web, bind: "${bind}", pool: api, limits: ${limits} }]\npools: [{ name: api, ${pool} }]\n`,
  );
  const checked = document.check();
  if (!checked.ok) throw new Error(checked.problems.map(({ message }) => message).join('\n'));
  return document.notes().map(({ rule }) => rule);
}

/** Of two pools, each behind a listener of its own where their hosts differ, behind the same otherwise. By Ballast's cookie where no type is written. */
function notesOfCookies(one: string, other: string, here: string, there: string, hosts?: string[]): string[] {
  const listeners =
    hosts === undefined
      ? `{ name: web, bind: 127.0.0.1:8080, routes: [{ pool: a, path: ${here} }, { pool: b, path: ${there} }] }`
      : `{ name: a, bind: "${hosts[0]}:8080", routes: [{ pool: a, path: ${here} }] }, { name: b, bind: "${hosts[1]}:8081", routes: [{ pool: b, path: ${there} }] }`;
  const pool = (name: string, cookie: string): string =>
    `{ name: ${name}, affinity: { ${cookie.startsWith('type:') ? '' : 'type: cookie, '}${cookie} }, ${two} }`;
  const document = parseDocument(
    `listeners: [${listeners}]\npools: [${pool('a', one)}, ${pool('b', other)}]\n`,
  );
  const checked = document.check();
  if (!checked.ok) throw new Error(checked.problems.map(({ message }) => message).join('\n'));
  return document.notes().map(({ rule }) => rule);
}

describe('a setting that does something, whatever it is called for, is not said to have no effect', () => {
  it.each([
    [
      'retry.on: what it names counts as a failure for the circuit breaker',
      `${two}, circuitBreaker: { failurePercent: 50 }, retry: { attempts: 1, on: [503] }, outlierDetection: { consecutiveFailures: 0 }`,
    ],
    [
      'retry.on: and in what is told of a server',
      `${two}, retry: { attempts: 1, on: [503] }, outlierDetection: { consecutiveFailures: 0 }`,
    ],
    [
      'retry.on: also where no method may be sent again',
      `${two}, circuitBreaker: { failurePercent: 50 }, retry: { on: [503], methods: [] }`,
    ],
    [
      'statuses: they count for the circuit breaker where nothing is ejected',
      `${two}, circuitBreaker: { failurePercent: 50 }, outlierDetection: { statuses: [503], consecutiveFailures: 0 }`,
    ],
    [
      'statuses: the same with one server',
      `${one}, circuitBreaker: { failurePercent: 50 }, outlierDetection: { statuses: [503] }`,
    ],
    [
      'methods and bodyBytes: a request that met a connection just closed goes again without another attempt',
      `${two}, retry: { attempts: 1, methods: [GET, POST], bodyBytes: 1000000 }`,
    ],
    [
      'connect beside a shorter attempt: an attempt begins to count when the body has come',
      `${two}, timeouts: { connect: 5s, attempt: 2s }`,
    ],
    [
      'minimumRequests: response times too',
      `${two}, outlierDetection: { latencyFactor: 5, minimumRequests: 50 }`,
    ],
    [
      'fastInterval beside a longer downInterval',
      `${two}, healthCheck: { type: tcp, interval: 2s, fastInterval: 2s, downInterval: 10s }`,
    ],
    [
      'boundedLoad while weights rise',
      `${two}, strategy: { kind: hash, key: "header:x", boundedLoad: 2 }, slowStart: 10s`,
    ],
    [
      'hash by a client that has no session header',
      `${two}, strategy: { kind: hash, key: path }, affinity: { type: header, header: x-user }`,
    ],
    [
      'hedge beside sessions by a header',
      `${two}, affinity: { type: header, header: x-user }, retry: { hedge: { after: 100ms } }`,
    ],
    [
      'hedge after the response time, but within that of a connection',
      `${two}, timeouts: { response: 1s, connect: 2s }, retry: { hedge: { after: 2s } }`,
    ],
    [
      'first, where the first in the file is of a later priority',
      'strategy: first, servers: [{ address: 127.0.0.1:3001, priority: 1 }, { address: 127.0.0.1:3002 }]',
    ],
    [
      'backup: true for all keeps hedges away',
      'servers: [{ address: 127.0.0.1:3001 }, { address: 127.0.0.1:3002, backup: true }], retry: { hedge: { after: 100ms } }',
    ],
    [
      'a default that another setting leaves nothing to do: baseEjection',
      `${two}, outlierDetection: { maxEjection: 5s }`,
    ],
    ['the same: open', `${two}, circuitBreaker: { failurePercent: 50, maxOpen: 5s }`],
    ['the same: tunnelEnd', `${two}, timeouts: { tunnel: 10s }`],
  ])('%s', (_name, pool) => {
    expect(rulesOf(pool)).toEqual([]);
  });

  it('the same: targetBytes', () => {
    expect(rulesOf(two, '0.0.0.0:8080', '{ headBytes: 8192 }')).toEqual([]);
  });

  it('strategies by address with bounded loads, or clients of two families', () => {
    expect(
      rulesOf(`${two}, strategy: { kind: hash, key: client-ip, boundedLoad: 1.25 }`, '127.0.0.1:8080'),
    ).toEqual([]);
    const document = parseDocument(
      `listeners: [{ name: a, bind: "127.0.0.1:8080", pool: api }, { name: b, bind: "[::1]:8080", pool: api }]\npools: [{ name: api, strategy: ip-hash, ${two} }]\n`,
    );
    expect(document.notes()).toEqual([]);
  });

  it.each([
    ['another name', 'name: x', 'name: y', '/a', '/b'],
    ['names that nobody wrote', '', '', '/a', '/b'],
    ['paths beside each other', 'name: x, path: /a', 'name: x, path: /b', '/a', '/b'],
    ['a path within the other that leads to its own pool', 'name: x', 'name: x, path: /b', '/', '/b'],
    ['hosts of their own', 'name: x', 'name: x', '/, host: a.test', '/, host: b.test'],
    ['domains of their own', 'name: x, domain: a.test', 'name: x, domain: b.test', '/, host: a.test', '/b'],
    ['a path that only begins alike', 'name: x, path: /a', 'name: x, path: /ab', '/a', '/ab'],
    ["another name than the application's", 'name: x', 'type: app-cookie, name: y', '/a', '/b'],
    [
      "the application's on a host of its own",
      'name: x',
      'type: app-cookie, name: x',
      '/a, host: a.test',
      '/b, host: b.test',
    ],
    [
      "a path that never leads to the application's pool",
      'name: x, path: /a',
      'type: app-cookie, name: x',
      '/a',
      '/',
    ],
    // Whether they mix them up is up to the applications.
    [
      'the same name of two applications',
      'type: app-cookie, name: x',
      'type: app-cookie, name: x',
      '/a',
      '/b',
    ],
  ])('cookies of two pools with %s', (_name, one, other, here, there) => {
    expect(notesOfCookies(one, other, here, there)).toEqual([]);
  });

  it('but cookies of one name whose hosts or paths meet', () => {
    const found = ['cookie-of-two-pools'];
    expect(notesOfCookies('name: x', 'name: x', '/, host: a.test', '/, host: "*.test"')).toEqual(found);
    expect(
      notesOfCookies('name: x, domain: test', 'name: x, domain: test', '/, host: a.test', '/, host: b.test'),
    ).toEqual(found);
    expect(notesOfCookies('name: x', 'name: x, path: /b', '/b/c', '/b')).toEqual(found);
    expect(notesOfCookies('name: x', 'name: x', '/', '/, host: a.test', ['127.0.0.1', '127.0.0.2'])).toEqual(
      [],
    );
    expect(notesOfCookies('name: x', 'name: x', '/', '/', ['0.0.0.0', '127.0.0.2'])).toEqual(found);
    const application = 'type: app-cookie, name: x';
    expect(notesOfCookies('name: x', application, '/a', '/b')).toEqual(found);
    expect(notesOfCookies(application, 'name: x', '/', '/', ['127.0.0.1', '127.0.0.1'])).toEqual(found);
    expect(notesOfCookies('name: x, path: /a', application, '/a', '/a/b')).toEqual(found);
  });

  it('a cookie whose path its pool has at least a part of', () => {
    const notes = (cookie: string, route: string, more = ''): string[] =>
      parseDocument(
        `listeners: [{ name: web, bind: 127.0.0.1:8080, ${more} routes: [{ path: ${route}, pool: api }] }]\npools: [{ name: api, affinity: { type: cookie, path: ${cookie} }, ${two} }]\n`,
      )
        .notes()
        .map(({ rule }) => rule);
    expect(notes('/a', '/')).toEqual([]);
    expect(notes('/a/', '/a')).toEqual([]);
    expect(notes('/a', '/a/b')).toEqual([]);
    // A proxy in front may have cut the path that clients know.
    expect(notes('/shop', '/a', 'trustForwarded: true,')).toEqual([]);
    expect(notes('/a', '/ab')).toEqual(['cookie-never-sent']);
  });

  it.each([
    ['a body beside a status that has one', 'expect: [200, 204], body: { contains: ok }'],
    ['205, after which a length counts', 'expect: [205], body: { contains: ok }'],
    ['a text as long as what is looked at', 'body: { contains: "größe", bytes: 7 }'],
  ])('%s', (_name, check) => {
    expect(rulesOf(`${two}, healthCheck: { type: http, ${check} }`)).toEqual([]);
  });

  it.each([
    ['with two servers', `${two}, outlierDetection: { latencyFactor: 5, ejectLast: true }`],
    [
      'with a server that sessions alone reach',
      'affinity: { type: cookie }, servers: [{ address: 127.0.0.1:3001 }, { address: 127.0.0.1:3002, weight: 0 }], outlierDetection: { latencyFactor: 5 }',
    ],
    [
      'ejectLast of the only server that failures may eject',
      `${one}, outlierDetection: { consecutiveFailures: 3, ejectLast: true }`,
    ],
  ])('ejections %s', (_name, pool) => {
    expect(rulesOf(pool)).toEqual([]);
  });

  it('what a note advises brings no other note', () => {
    const three = 'servers: [{ address: 127.0.0.1:1 }, { address: 127.0.0.1:2 }, { address: 127.0.0.1:3 }]';
    expect(rulesOf(`${three}, outlierDetection: { maxEjectedPercent: 33 }`)).toEqual([
      'ejected-percent-below-one-server',
    ]);
    expect(rulesOf(`${three}, outlierDetection: { maxEjectedPercent: 34 }`)).toEqual([]);
  });

  it('ejection of the only server: ejectLast is not advised for what then compares it with nobody', () => {
    const notes = (outlier: string): string[] =>
      parseDocument(
        `listeners: [{ name: web, bind: 127.0.0.1:8080, pool: api }]\npools: [{ name: api, ${one}, outlierDetection: { ${outlier} } }]\n`,
      )
        .notes()
        .map(({ message }) => message);
    const slow = (keys: string, have: string, them: string): string =>
      `${keys} ${have} no effect: a server is slow in comparison with others, and there is one; add servers, or leave ${them} out`;
    expect(notes('latencyFactor: 5')).toEqual([slow('latencyFactor', 'has', 'it')]);
    expect(notes('latencyFactor: 5, ejectLast: true')).toEqual([slow('latencyFactor', 'has', 'it')]);
    expect(notes('consecutiveFailures: 3, latencyFactor: 5')).toEqual([
      'consecutiveFailures ejects nobody: the last available server never is, and there is one; add servers, or write ejectLast: true',
      slow('latencyFactor', 'has', 'it'),
    ]);
    expect(notes('latencyFactor: 5, consecutiveFailures: 3, ejectLast: true')).toEqual([
      slow('latencyFactor', 'has', 'it'),
    ]);
    expect(notes('consecutiveFailures: 0, latencyFactor: 5, baseEjection: 5s, minimumRequests: 9')).toEqual([
      slow('latencyFactor, minimumRequests and baseEjection', 'have', 'them'),
    ]);
    expect(notes('consecutiveFailures: 0, failurePercent: 50')).toEqual([
      'failurePercent ejects nobody: the last available server never is, and there is one; add servers, or write ejectLast: true',
    ]);
  });
});

/**
 * Who reads what the rules speak of, in the words of the engine: a note says that nobody else does. Where another file begins to read
 * one, the rules about it (`main/shared/config/lint`) are to be looked at before it is added here.
 */
const readers: Readonly<Record<string, readonly string[]>> = {
  // retry-off, empty-budget: retries and hedges alone, and who shows them
  budgetPercent: ['journal/stop-words.ts', 'pool/retry-budget.ts'],
  budgetMinPerSecond: ['journal/stop-words.ts', 'pool/retry-budget.ts'],
  backoff: ['journal/render-decision.ts', 'journal/stop-words.ts', 'proxy/back-off.ts'],
  attemptsUsedUp: ['proxy/hedged-attempt.ts', 'proxy/retried-attempt.ts', 'proxy/retry-rules.ts'],
  // not in retry-off: what is repeatable also goes again to the same server
  keptBodyBytes: ['proxy/attempt.ts', 'proxy/retry-rules.ts'],
  isRepeatable: ['proxy/attempts.ts', 'proxy/retry-rules.ts'],
  // `retry.on` and `outlierDetection.statuses`: failures for the circuit, ejections and counts
  retriesStatus: ['proxy/hedged-attempt.ts', 'proxy/retried-attempt.ts', 'proxy/retry-rules.ts'],
  FailureRule: ['pool/attempt-results.ts', 'pool/circuit-breaker.ts', 'pool/failed-attempt.ts'],
  // ejection-off, window-without-percent, latency-floor-without-factor
  minimumLatencyMs: ['health/slow-servers.ts'],
  latencyFactor: ['health/outlier.ts', 'health/slow-servers.ts'],
  minimumRequests: ['health/outlier.ts', 'health/slow-servers.ts', 'pool/circuit-breaker.ts'],
  baseEjectionMs: ['health/outlier.ts'],
  maxEjectionMs: ['health/outlier.ts'],
  maxEjectedPercent: ['health/outlier-text.ts', 'health/outlier.ts'],
  ejectLast: ['health/outlier-text.ts', 'health/outlier.ts', 'pool/chooser.ts'],
  // circuit-off, circuit-open-longer-than-longest: `openMs` also bounds trials that hang
  openMs: ['pool/circuit-breaker.ts'],
  maxOpenMs: ['pool/circuit-breaker.ts'],
  // times
  connectMs: ['proxy/server-connections.ts', 'proxy/server-socket.ts'],
  attemptMs: ['proxy/attempts.ts', 'proxy/hedged-attempt.ts', 'proxy/request-times.ts'],
  hedgeAfterMs: ['pool/pool.ts', 'pool/server-pool.ts', 'proxy/hedged-attempt.ts'],
  tunnelEndMs: ['proxy/tunnel.ts'],
  idleConnections: ['pool/pool-members.ts', 'proxy/server-connections.ts'],
  resolveMs: ['pool/pool-members.ts'],
  // probes, panic, slow start
  fastIntervalMs: ['health/prober.ts'],
  downIntervalMs: ['health/prober.ts'],
  slowStartMs: ['pool/pool-members.ts'],
  panicThreshold: ['pool/panic.ts', 'pool/pool-choice.ts', 'journal/narrowing-words.ts'],
  // balancing and sessions
  boundedLoad: ['strategy/key-hash.ts'],
  onUnavailable: ['pool/chooser.ts', 'pool/unserved-text.ts'],
  ipv6Prefix: ['affinity/address-prefix.ts', 'affinity/client-key.ts', 'strategy/ip-hash.ts'],
  cookieAttributes: ['affinity/affinity.ts', 'affinity/session-cookie.ts'],
  // body-of-a-status-without, text-longer-than-looked-at
  WantedBody: ['health/probe-body.ts'],
  targetBytes: ['http1/refusal.ts', 'listener/request-reader.ts'],
};

describe('who reads a setting that notes speak of', () => {
  const sources = readdirSync(engine, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.startsWith('simulation'))
    .map((name) => [name.replaceAll('\\', '/'), codeOf(readFileSync(join(engine, name), 'utf8'))] as const);

  it.each(Object.entries(readers))('%s: those that the rules were made for', (key, expected) => {
    const word = new RegExp(`\\b${key}\\b`);
    const found = sources.filter(([, code]) => word.test(code)).map(([name]) => name);
    expect(found.toSorted()).toEqual(expected.toSorted());
  });
});

/** Without its comments. */
function codeOf(source: string): string {
  return source.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/^\s*\/\/.*$/gm, '');
}
