import { type LimitKind, limitKinds, limits } from '@shared/catalog/limits.ts';
import { type LimitCount, metricsSchema } from '@shared/contract/metrics-values.ts';
import { describe, expect, it } from 'vitest';
import type { DescriptorSupply } from '../../../main/engine/descriptors.ts';
import type { Engine } from '../../../main/engine/engine.ts';
import { afterThisTest } from '../../support/after-this-test.ts';
import { configOf, type PoolInput } from '../../support/config-of.ts';
import { deafServer } from '../../support/deaf-server.ts';
import type { listenerLimits } from '../../support/lane.ts';
import { client, server } from '../../support/lane-cleanup.ts';
import {
  answering,
  ok,
  pouring,
  type RawClient,
  type RawServer,
  rawServer,
} from '../../support/raw-sockets.ts';
import { engineOfTest } from '../../support/running-engine.ts';
import { until } from '../../support/until.ts';

type ServerInput = Omit<NonNullable<PoolInput['servers']>[number], 'address'>;

interface Setting {
  readonly limits?: Parameters<typeof listenerLimits>[0];
  readonly pool?: Omit<PoolInput, 'servers'>;
  readonly ports?: readonly number[];
  readonly server?: ServerInput;
  readonly descriptors?: DescriptorSupply;
}

interface Rig {
  readonly engine: Engine;
  readonly port: number;
  /** A client that has sent this. */
  sends(text: string): Promise<RawClient>;
}

/** Ballast with one listener, `web`, and one pool, `api`. */
async function run({ limits, pool, ports = [1], server, descriptors }: Setting): Promise<Rig> {
  const engine = engineOfTest(descriptors && { descriptors });
  const [listener] = await engine.start(
    configOf({
      listeners: [{ name: 'web', bind: '127.0.0.1:0', pool: 'api', limits }],
      pools: [
        {
          name: 'api',
          servers: ports.map((port) => ({ address: `127.0.0.1:${port}`, ...server })),
          healthCheck: { type: 'none' },
          outlierDetection: { consecutiveFailures: 0 },
          ...pool,
        },
      ],
    }),
  );
  const port = Number(new URL(listener!.url).port);
  return {
    engine,
    port,
    async sends(text) {
      const caller = await client(port);
      caller.send(text);
      return caller;
    },
  };
}

const get = (fields = '', path = '/'): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;
const put = (fields: string): string => `PUT / HTTP/1.1\r\nHost: a\r\n${fields}\r\n\r\n`;
const upgrade = get('Connection: Upgrade\r\nUpgrade: echo\r\n');
const switching = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n';

const answers = (): Promise<RawServer> => server(answering(ok('x')));
/** Takes everything and says nothing. */
const silent = (): Promise<RawServer> => server(rawServer(() => {}));
const switches = (): Promise<RawServer> =>
  server(
    rawServer(
      (socket, text) => void (text.includes('Upgrade: echo') && socket.write(switching)),
      (socket) => socket.removeAllListeners('end'),
    ),
  );
/** Breaks off a connection as soon as so many bytes have come on it. */
const breaks = (bytes: number): Promise<RawServer> =>
  server(
    rawServer((socket, _text, { text }) => {
      if (text.length >= bytes) socket.resetAndDestroy();
    }),
  );

/** A client that was answered, and has rested since for as long as it takes to be one that can make room. */
async function rested(rig: Rig): Promise<RawClient> {
  const caller = await rig.sends(get());
  await caller.receives('200 OK');
  const since = performance.now();
  await until('more than a second to pass', () => performance.now() - since > 1_100);
  return caller;
}

/** So many file descriptors are left for connections, once what is kept in reserve is taken off. */
const forConnections = (count: number): DescriptorSupply => ({ limit: 100, inUse: 100 - 12 - count });

/**
 * For every limit of the catalogue: how a client or a server reaches it, once. Returns where Ballast was set up for it.
 * A kind that is new there needs a case here.
 */
const reach: Partial<Record<LimitKind, () => Promise<Rig>>> = {
  async 'max-connections'() {
    const rig = await run({ limits: { maxConnections: 1 } });
    await rig.sends('GET / HTTP/1.1\r\nHo');
    expect(await (await client(rig.port)).end()).toContain(' 503 ');
    return rig;
  },
  async 'displaced-connections'() {
    const rig = await run({ limits: { maxConnections: 1 }, ports: [(await answers()).port] });
    const first = await rested(rig);
    await (await rig.sends(get())).receives('200 OK');
    await first.end();
    return rig;
  },
  async 'file-descriptors'() {
    const rig = await run({ descriptors: forConnections(2) });
    await rig.sends('GET / HTTP/1.1\r\nHo');
    expect(await (await client(rig.port)).end()).toContain(' 503 ');
    return rig;
  },
  async 'descriptors-short'() {
    const rig = await run({ descriptors: forConnections(2), ports: [(await answers()).port] });
    const first = await rested(rig);
    await (await rig.sends(get())).receives('200 OK');
    await first.end();
    return rig;
  },
  async 'head-bytes'() {
    const rig = await run({ limits: { headBytes: 1_024 } });
    expect(await (await rig.sends(get(`X: ${'y'.repeat(1_024)}\r\n`))).end()).toContain(' 431 ');
    return rig;
  },
  async 'target-bytes'() {
    const rig = await run({ limits: { targetBytes: 256 } });
    expect(await (await rig.sends(get('', `/${'x'.repeat(256)}`))).end()).toContain(' 414 ');
    return rig;
  },
  async 'head-fields'() {
    const rig = await run({ limits: { headFields: 8 } });
    expect(await (await rig.sends(get('X: y\r\n'.repeat(8)))).end()).toContain(' 431 ');
    return rig;
  },
  async 'response-head-bytes'() {
    const raw = await server(answering(ok('x', `X: ${'y'.repeat(1_024)}\r\n`)));
    const rig = await run({ limits: { headBytes: 1_024 }, ports: [raw.port] });
    await (await rig.sends(get())).receives(' 502 ');
    return rig;
  },
  async 'response-head-fields'() {
    const raw = await server(answering(ok('x', 'X: y\r\n'.repeat(8))));
    const rig = await run({ limits: { headFields: 8 }, ports: [raw.port] });
    await (await rig.sends(get())).receives(' 502 ');
    return rig;
  },
  async 'head-timeout'() {
    const rig = await run({ limits: { headTimeout: '60ms' } });
    expect(await (await rig.sends('GET / HTTP/1.1\r\nHo')).end()).toContain(' 408 ');
    return rig;
  },
  async 'idle-timeout'() {
    const rig = await run({ limits: { idleTimeout: '60ms' } });
    expect(await (await client(rig.port)).end()).toBe('');
    return rig;
  },
  async 'body-timeout'() {
    const rig = await run({ limits: { bodyTimeout: '80ms' }, ports: [(await silent()).port] });
    expect(await (await rig.sends(`${put('Content-Length: 9')}x`)).end()).toContain(' 408 ');
    return rig;
  },
  async 'body-rate'() {
    const limits = { bodyTimeout: '600ms', bodyBytesPerSecond: 1_000_000 };
    const rig = await run({ limits, ports: [(await silent()).port] });
    const caller = await rig.sends(put('Content-Length: 1000000'));
    const trickle = setInterval(() => caller.send('x'), 5);
    expect(await caller.end()).toContain(' 408 ');
    clearInterval(trickle);
    return rig;
  },
  async 'send-timeout'() {
    const pours = await server(pouring());
    const rig = await run({ limits: { sendTimeout: '300ms' }, ports: [pours.port] });
    const caller = await client(rig.port);
    caller.socket.pause();
    caller.send(get());
    return rig;
  },
  async 'attempt-timeout'() {
    const rig = await run({ pool: { timeouts: { attempt: '60ms' } }, ports: [(await silent()).port] });
    await (await rig.sends(get())).receives(' 504 ');
    return rig;
  },
  async 'request-timeout'() {
    const rig = await run({ pool: { timeouts: { request: '60ms' } }, ports: [(await silent()).port] });
    await (await rig.sends(get())).receives(' 504 ');
    return rig;
  },
  async 'hedge-budget'() {
    const ports = [(await silent()).port, (await silent()).port];
    const retry = { hedge: { after: '20ms' }, budgetPercent: 0, budgetMinPerSecond: 0 };
    const rig = await run({ pool: { retry, timeouts: { response: '300ms' } }, ports });
    await (await rig.sends(get())).receives(' 504 ');
    return rig;
  },
  async 'linger-timeout'() {
    const rig = await run({ limits: { lingerTimeout: '80ms' } });
    // Wrong, so that it is the last request, and the client leaves its end open.
    expect(await (await rig.sends(get('Host: b\r\n'))).end()).toContain(' 400 ');
    return rig;
  },
  async 'pipeline-bytes'() {
    const raw = await silent();
    const rig = await run({ limits: { pipelineBytes: 1_024 }, ports: [raw.port] });
    const caller = await rig.sends(get());
    await until('the first to reach the server', () => raw.received !== '');
    caller.send(get().repeat(100));
    return rig;
  },
  async 'trailer-bytes'() {
    const rig = await run({ limits: { trailerBytes: 256 }, ports: [(await silent()).port] });
    const caller = await rig.sends(put('Transfer-Encoding: chunked'));
    caller.send(`5\r\nhello\r\n0\r\nX: ${'y'.repeat(300)}\r\n\r\n`);
    expect(await caller.end()).toContain(' 431 ');
    return rig;
  },
  async 'interim-responses'() {
    const early = 'HTTP/1.1 103 Early Hints\r\n\r\n';
    const raw = await server(answering(early.repeat(6) + ok('x')));
    const rig = await run({ limits: { interimResponses: 5 }, ports: [raw.port] });
    await (await rig.sends(get())).receives(' 502 ');
    return rig;
  },
  async 'connect-timeout'() {
    const deaf = await deafServer();
    afterThisTest(() => deaf.close());
    const rig = await run({ pool: { timeouts: { connect: '100ms' } }, ports: [deaf.port] });
    await (await rig.sends(get())).receives(' 502 ');
    return rig;
  },
  async 'response-timeout'() {
    const rig = await run({ pool: { timeouts: { response: '80ms' } }, ports: [(await silent()).port] });
    await (await rig.sends(get())).receives(' 504 ');
    return rig;
  },
  async 'idle-connections'() {
    const held: (() => void)[] = [];
    const raw = await server(rawServer((socket) => void held.push(() => socket.write(ok('x')))));
    const rig = await run({ pool: { idleConnections: 1 }, ports: [raw.port] });
    const callers = [await rig.sends(get()), await rig.sends(get())];
    await until('both to be there', () => held.length === 2);
    for (const answer of held) answer();
    for (const caller of callers) await caller.receives('200 OK');
    return rig;
  },
  async 'unused-connections'() {
    const rig = await run({
      pool: { timeouts: { idle: '100ms' } },
      ports: [(await answers()).port],
    });
    await (await rig.sends(get())).receives('200 OK');
    return rig;
  },
  async 'tunnel-timeout'() {
    const rig = await run({ pool: { timeouts: { tunnel: '200ms' } }, ports: [(await switches()).port] });
    expect(await (await rig.sends(upgrade)).end()).toContain(' 101 ');
    return rig;
  },
  async 'tunnel-end-timeout'() {
    const rig = await run({ pool: { timeouts: { tunnelEnd: '200ms' } }, ports: [(await switches()).port] });
    const caller = await rig.sends(upgrade);
    await caller.receives(' 101 ');
    caller.socket.end();
    await caller.end();
    return rig;
  },
  async 'tunnel-drain'() {
    const rig = await run({
      pool: { timeouts: { tunnelDrain: '200ms' } },
      server: { name: 'a' },
      ports: [(await switches()).port],
    });
    const caller = await rig.sends(upgrade);
    await caller.receives(' 101 ');
    rig.engine.setAdminState('api', 'a', 'drain');
    await caller.end();
    return rig;
  },
  async 'retry-body'() {
    const ports = [(await breaks(6_000)).port, (await breaks(6_000)).port];
    const rig = await run({ pool: { retry: { bodyBytes: 1_000 } }, ports });
    const caller = await rig.sends(put('Content-Length: 6000'));
    caller.send('x'.repeat(6_000));
    await caller.receives(' 502 ');
    return rig;
  },
  async 'retry-budget'() {
    const ports = [(await breaks(1)).port, (await breaks(1)).port];
    const rig = await run({ pool: { retry: { budgetPercent: 0, budgetMinPerSecond: 0 } }, ports });
    expect(await (await rig.sends(get())).receives(' 502 ')).toContain('budget');
    return rig;
  },
  async 'max-requests'() {
    const raw = await silent();
    const rig = await run({ server: { maxRequests: 1 }, ports: [raw.port] });
    await rig.sends(get());
    await until('the first to reach the server', () => raw.received !== '');
    await rig.sends(get());
    return rig;
  },
  async 'pool-max-requests'() {
    const raw = await silent();
    const rig = await run({ pool: { maxRequests: 1 }, ports: [raw.port] });
    await rig.sends(get());
    await until('the first to reach the server', () => raw.received !== '');
    await rig.sends(get());
    return rig;
  },
  async 'drain-deadline'() {
    const raw = await silent();
    const rig = await run({ server: { name: 'a' }, ports: [raw.port] });
    const caller = await rig.sends(get());
    await until('it to reach the server', () => raw.received !== '');
    rig.engine.setAdminState('api', 'a', 'drain', 50);
    await caller.receives(' 504 ');
    return rig;
  },
  async 'queue-length'() {
    const raw = await silent();
    const rig = await run({ pool: { queue: { length: 0 } }, server: { maxRequests: 1 }, ports: [raw.port] });
    await rig.sends(get());
    await until('the first to reach the server', () => raw.received !== '');
    await (await rig.sends(get())).receives(' 503 ');
    return rig;
  },
  async 'circuit-open'() {
    const pool = { circuitBreaker: { failurePercent: 1, minimumRequests: 1 } };
    const rig = await run({ pool });
    await (await rig.sends(get())).receives(' 502 ');
    await (await rig.sends(get())).receives('circuit');
    return rig;
  },
  async 'queue-timeout'() {
    const raw = await silent();
    const queue = { timeout: '80ms' };
    const rig = await run({ pool: { queue }, server: { maxRequests: 1 }, ports: [raw.port] });
    await rig.sends(get());
    await until('the first to reach the server', () => raw.received !== '');
    await (await rig.sends(get())).receives(' 503 ');
    return rig;
  },
  async sessions() {
    const affinity = { type: 'cookie', maxSessions: 1 } as const;
    const rig = await run({ pool: { affinity }, ports: [(await answers()).port] });
    for (let i = 0; i < 2; i++) await (await rig.sends(get())).receives('Set-Cookie: ');
    return rig;
  },
};

/** Set for a listener, but it is a server that reaches them, so they are counted for its pool. */
const ofServers: readonly LimitKind[] = ['response-head-bytes', 'response-head-fields', 'interim-responses'];

const howToAdd =
  'write one into `reach` of limit-counts.test.ts: start what is needed with `run({ limits, pool, ports, … })`, do from outside what reaches the limit exactly once, and return the rig';

describe('a limit that is reached is counted once, where the metrics say so', () => {
  it('and all limits of the catalogue have a case here', () => {
    const missing = limitKinds.filter((kind) => !reach[kind]);
    expect(missing, `no case for ${missing.join(', ')}; ${howToAdd}`).toEqual([]);
  });

  it.each(limitKinds.filter((kind) => reach[kind]))('%s', async (kind) => {
    const { engine } = await reach[kind]!();
    const isOfPool = limits[kind].place === 'pool' || ofServers.includes(kind);
    const counted = (): readonly LimitCount[] =>
      metricsSchema.parse(engine.metrics()).limits.filter((each) => each.kind === kind);
    // What was closed to make room may be of a pool or of a listener, and both were.
    const here = (): LimitCount | undefined => counted().find(({ pool }) => (pool !== null) === isOfPool);
    await until(`"${kind}" to be counted`, () => here() !== undefined, 10_000);
    expect(here()).toMatchObject({
      kind,
      listener: isOfPool ? null : 'web',
      pool: isOfPool ? 'api' : null,
      count: 1,
    });
  });
});
