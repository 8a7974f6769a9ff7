import { z } from 'zod';
import { batchingModeKinds } from '../catalog/batching.ts';
import { strategyKinds } from '../catalog/strategies.ts';
import { address, duration, inMs, name, whole } from './schema-parts.ts';

const strategyKind = z.enum(strategyKinds, {
  error: `unknown strategy; write one of ${strategyKinds.join(', ')}`,
});
const strategy = z
  .union([strategyKind.transform((kind) => ({ kind })), z.strictObject({ kind: strategyKind })], {
    error: `unknown strategy; write one of ${strategyKinds.join(', ')}`,
  })
  .prefault('round-robin');

const server = z.strictObject({
  name: name.optional().describe('Unique within the pool; pool name and position when left out: api-1.'),
  address: address('127.0.0.1:3001', { anyPort: false }).describe('Where the server listens: host:port.'),
  weight: whole(0, 1_000)
    .default(1)
    .describe('Share relative to its neighbours, 0 to 1000. 0 takes no new clients.'),
  backup: z.boolean().default(false).describe('Used only when no primary server is available.'),
  maxRequests: whole(0, 1_000_000).default(0).describe('Most requests in flight at once; 0 is no limit.'),
});

const probing = {
  interval: duration('2s', 50).describe(
    'From one probe to the next, with 10 % jitter; faster while the verdict is changing.',
  ),
  timeout: duration('1s', 10).describe('A probe without an answer fails after this.'),
  rise: whole(1, 100)
    .default(2)
    .describe('Probes in a row that must succeed before an unhealthy server is healthy again.'),
  fall: whole(1, 100)
    .default(3)
    .describe('Probes in a row that must fail before a healthy server is unhealthy.'),
};
const statusRange = z.union(
  [
    whole(100, 599),
    z
      .string()
      .regex(
        /^[1-5](xx|\d\d)(-[1-5](xx|\d\d))?$/,
        'a status, a class or a range; write e.g. 200, 2xx or 200-399',
      ),
  ],
  { error: 'a status, a class or a range; write e.g. 200, 2xx or 200-399' },
);
const healthCheck = z
  .discriminatedUnion(
    'type',
    [
      z
        .strictObject({
          type: z.literal('http'),
          ...probing,
          path: z
            .string()
            .regex(/^\/\S*$/, 'a path starts with "/" and has no spaces; write e.g. /health')
            .default('/')
            .describe('Path of the probe, with its query.'),
          method: z.enum(['GET', 'HEAD', 'OPTIONS']).default('GET').describe('Method of the probe.'),
          host: z
            .string()
            .regex(/^[^\s/]+$/, 'a host name, without spaces or "/"')
            .optional()
            .describe("Host field of the probe; the server's address when left out."),
          expect: z
            .array(statusRange)
            .min(1)
            .default(['2xx', '3xx'])
            .describe('Statuses that count as success.'),
        })
        .transform(inMs('interval', 'timeout')),
      z.strictObject({ type: z.literal('tcp'), ...probing }).transform(inMs('interval', 'timeout')),
      z.strictObject({ type: z.literal('none') }),
    ],
    { error: 'write type: http, type: tcp or type: none' },
  )
  .prefault({ type: 'tcp' });

const outlierDetection = z
  .strictObject({
    consecutiveFailures: whole(0, 1_000)
      .default(5)
      .describe('Failed attempts in a row before a server is ejected; 0 turns ejection off.'),
    baseEjection: duration('10s', 100).describe('First ejection; each further one is that much longer.'),
    maxEjection: duration('5m', 100).describe('The longest ejection.'),
  })
  .transform(inMs('baseEjection', 'maxEjection'))
  .prefault({});

const affinityTable = {
  ttl: duration('30m', 1_000).describe('A session ends this long after its last request.'),
  maxSessions: whole(1, 1_000_000)
    .default(10_000)
    .describe('Most sessions kept; the least recently used leaves first.'),
  onUnavailable: z
    .enum(['rebalance', 'reject'])
    .default('rebalance')
    .describe('What a client gets whose server is unavailable: another server, or 503.'),
};
const affinity = z.discriminatedUnion(
  'type',
  [
    z.strictObject({ type: z.literal('cookie'), ...affinityTable }).transform(inMs('ttl')),
    z.strictObject({ type: z.literal('client-ip'), ...affinityTable }).transform(inMs('ttl')),
    z.strictObject({ type: z.literal('none') }),
  ],
  { error: 'write type: cookie, type: client-ip or type: none' },
);

const retry = z
  .strictObject({
    attempts: whole(1, 10)
      .default(3)
      .describe(
        'Most attempts for one request, the first included. Servers that refuse the connection do not count, unless this is 1: then no other is tried.',
      ),
    on: z
      .array(whole(400, 599))
      .default([])
      .describe('Response statuses that are tried again elsewhere, for idempotent methods.'),
    budgetPercent: whole(0, 100)
      .default(20)
      .describe('Retries allowed as a share of recent requests, percent.'),
    budgetMinPerSecond: whole(0, 100_000)
      .default(10)
      .describe('Retries a second that the budget always allows.'),
    bodyBytes: whole(0, 16_777_216)
      .default(65_536)
      .describe(
        'Largest request body kept for a repeat, bytes. Of methods that are not idempotent (POST, PATCH) no more than 16384 are kept: they are only repeated where nothing was delivered.',
      ),
  })
  .prefault({});

const timeouts = z
  .strictObject({
    connect: duration('1s').describe('For a connection to a server to be made.'),
    response: duration('30s').describe(
      "From the request's last byte to the whole of the response's head (as long again after a 1xx response), and between two pieces of its body.",
    ),
    idle: duration('60s').describe('An unused connection to a server is closed after this.'),
    tunnel: duration('1h').describe(
      'A switched connection (WebSocket) in which nothing moves either way is closed after this.',
    ),
    tunnelEnd: duration('30s').describe(
      'After one side has ended such a connection, it is closed when nothing moves for this long.',
    ),
    tunnelDrain: duration('5m').describe(
      'Such a connection is closed this long after its server began to drain, went into maintenance or left the pool.',
    ),
    resolve: duration('30s', 1_000).describe(
      'Servers whose address is a name are looked up again this often; the last good answer is kept.',
    ),
  })
  .transform(inMs('connect', 'response', 'idle', 'tunnel', 'tunnelEnd', 'tunnelDrain', 'resolve'))
  .prefault({});

const queue = z
  .strictObject({
    length: whole(0, 100_000)
      .default(1_000)
      .describe(
        'Most requests that wait while every server that could take them is at its `maxRequests`. More: 503. 0: none waits.',
      ),
    timeout: duration('5s').describe('A request waits at most this long, then gets 503.'),
  })
  .transform(inMs('timeout'))
  .prefault({});

const batchingMode = z.enum(batchingModeKinds, { error: 'write off, on or adaptive' });
const batchingDetails = z.strictObject({
  mode: batchingMode
    .default('adaptive')
    .describe('adaptive: only while the server answers quickly and evenly; on: whatever its answers take.'),
  depth: whole(2, 16).default(4).describe('Most requests that share a connection.'),
  wait: duration('100ms', 20).describe(
    'How long a request waits for its turn on a shared connection before it is sent again by itself.',
  ),
});
const batching = z
  .union([batchingMode.transform((mode) => batchingDetails.parse({ mode })), batchingDetails], {
    error: 'write off, on or adaptive',
  })
  .transform(inMs('wait'))
  .prefault('off');

/** A named set of servers balanced together, and how. */
export const poolSchema = z
  .strictObject({
    name: name.describe('Unique among the pools.'),
    strategy: strategy.describe('How the next server is picked.'),
    servers: z.array(server).default([]).describe('At least one.'),
    healthCheck: healthCheck.describe('The timed check of every server.'),
    outlierDetection: outlierDetection.describe(
      'Exclusion for a while of a server that fails on real traffic.',
    ),
    affinity: affinity.prefault({ type: 'none' }).describe('The rule that binds a client to a server.'),
    retry: retry.describe('When a failed attempt is followed by another.'),
    timeouts: timeouts.describe('How long servers may take.'),
    queue: queue.describe('Where requests wait for servers that are at their `maxRequests`.'),
    idleConnections: whole(0, 100_000)
      .default(1_024)
      .describe('Most unused connections to each server that a thread keeps; 0 keeps none.'),
    batching: batching.describe(
      'GET and HEAD requests that arrive at the same moment for the same server share a connection: off, on or adaptive.',
    ),
  })
  .transform((value) => ({
    ...value,
    servers: value.servers.map((each, index) => ({
      ...each,
      name: each.name ?? `${value.name}-${index + 1}`,
    })),
  }));
