import { z } from 'zod';
import { batchingModeKinds } from '../catalog/batching.ts';
import { strategyKinds } from '../catalog/strategies.ts';
import { splitCommand } from '../lib/command-line.ts';
import { parseDuration } from '../lib/duration.ts';
import { type Address, parseAddress } from './address.ts';
import { checkReferences } from './references.ts';

/**
 * The schema of ballast.yaml. Its input is what a person writes; its output is the configuration the engine runs,
 * complete: every default filled in, durations in milliseconds, addresses taken apart. Messages say what to write instead.
 */

const name = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/,
    'a name is letters, digits, ".", "_" or "-", 63 at most; write e.g. api-1',
  );

/** @param least the smallest allowed value in milliseconds */
function duration(fallback: string, least = 1) {
  return z
    .string({ error: `a duration is text with a unit; write e.g. ${fallback}` })
    .transform((text, context) => {
      const ms = parseDuration(text);
      if (ms !== undefined && ms >= least && ms <= 2_147_483_647) return ms;
      context.addIssue({
        code: 'custom',
        message:
          ms === undefined
            ? `"${text}" is no duration; write a number and a unit (ms, s, m, h, d), e.g. ${fallback}`
            : `a duration here is between ${least}ms and 24d; write e.g. ${fallback}`,
      });
      return z.NEVER;
    })
    .prefault(fallback);
}

function address(example: string, { anyPort }: { anyPort: boolean }) {
  return z
    .string({ error: `an address is text, host:port; write e.g. ${example}` })
    .transform((text, context): Address => {
      const parsed = parseAddress(text);
      if (parsed && (anyPort || parsed.port > 0)) return parsed;
      context.addIssue({
        code: 'custom',
        message: `"${text}" is no address; write host:port, e.g. ${example}`,
      });
      return z.NEVER;
    });
}

/** Durations are in milliseconds from here on, and their names say so: `timeout: 2s` in the file is `timeoutMs: 2000`. */
function inMs<T extends object, K extends keyof T & string>(...keys: K[]) {
  return (value: T) => {
    const renamed: Record<string, unknown> = {};
    for (const [key, each] of Object.entries(value))
      renamed[(keys as string[]).includes(key) ? `${key}Ms` : key] = each;
    return renamed as { [P in keyof T as P extends K ? `${P}Ms` : P]: T[P] };
  };
}

const whole = (least: number, most: number) =>
  z
    .int(`a whole number from ${least} to ${most}`)
    .min(least, `at least ${least}`)
    .max(most, `at most ${most}`);

const path = z
  .string()
  .regex(/^\/[^\s?#]*$/, 'a path starts with "/" and has no spaces, "?" or "#"; write e.g. /health');

const route = z.strictObject({
  host: z
    .string()
    .toLowerCase()
    .regex(
      /^(\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/,
      'a host name without a port; write e.g. api.localhost or *.localhost',
    )
    .optional()
    .describe('Exact host name, or `*.example.test` for every name below it. Any host when left out.'),
  path: path
    .default('/')
    .describe('Path prefix by whole segments: `/api` matches `/api` and `/api/x`, not `/apix`.'),
  pool: name.describe('Where matching requests go. The most specific host wins, then the longest path.'),
});

const limits = z.strictObject({
  maxConnections: whole(1, 1_000_000)
    .default(20_000)
    .describe(
      'Most client connections at once. A new one takes the place of the one idle longest; where none is idle it gets 503. Fewer where `ulimit -n` allows no more.',
    ),
  targetBytes: whole(256, 1_048_576).default(16_384).describe('Longest request target, bytes. Longer: 414.'),
  headBytes: whole(1_024, 1_048_576)
    .default(32_768)
    .describe("Largest request or response head, bytes. Larger: 431 to the client, 502 for a server's."),
  headFields: whole(8, 1_000).default(128).describe('Most fields in one head.'),
  trailerBytes: whole(256, 1_048_576)
    .default(16_384)
    .describe(
      'Chunk extensions between two pieces of a body, or its trailers, bytes. Larger: 431, or 502 for a server.',
    ),
  pipelineBytes: whole(1_024, 1_048_576)
    .default(65_536)
    .describe(
      'Requests sent ahead are kept up to here, bytes; then the client is not read until the running one is done.',
    ),
  interimResponses: whole(0, 1_000)
    .default(32)
    .describe('Most 1xx responses of a server to one request. More: 502.'),
  headTimeout: duration('10s').describe('A request head must be complete this long after its first byte.'),
  idleTimeout: duration('75s').describe('A kept-alive connection without a request is closed after this.'),
  bodyTimeout: duration('30s').describe('A request body must make progress at least this often.'),
  bodyBytesPerSecond: whole(0, 1_000_000_000)
    .default(100)
    .describe(
      'Slowest request body, over each `bodyTimeout`, until the response begins. Slower: 408. 0 is no limit.',
    ),
  sendTimeout: duration('60s').describe('A client must take more of its response at least this often.'),
  lingerTimeout: duration('2s').describe(
    'After its last response a client has this long to close its end; what it still sends is thrown away.',
  ),
});

/** What bounds a client where the file says nothing. */
export const defaultLimits = limits.parse({});

const listener = z
  .strictObject({
    name: name.describe('Unique among the listeners.'),
    bind: address('127.0.0.1:8080', { anyPort: true }).describe(
      'Address to accept clients on; port 0 takes any free one.',
    ),
    pool: name.optional().describe('The pool for every request. Either this or `routes`.'),
    routes: z
      .array(route)
      .min(1, 'write at least one route, or name a pool')
      .optional()
      .describe('Rules by host and path instead of one pool.'),
    trustForwarded: z
      .boolean()
      .default(false)
      .describe(
        'Keep X-Forwarded-* and Forwarded that the client sent, and add to them (another proxy is in front); otherwise they are replaced.',
      ),
    limits: limits
      .transform(inMs('headTimeout', 'idleTimeout', 'bodyTimeout', 'sendTimeout', 'lingerTimeout'))
      .prefault({})
      .describe('What bounds a client.'),
  })
  .transform(({ pool, routes, ...rest }, context) => {
    if ((pool === undefined) === (routes === undefined)) {
      context.addIssue({
        code: 'custom',
        message:
          pool === undefined
            ? 'a listener leads somewhere: write pool: NAME, or routes'
            : 'write either pool or routes, not both',
        path: pool === undefined ? [] : ['routes'],
      });
      return z.NEVER;
    }
    return { ...rest, routes: routes ?? [{ path: '/', pool: pool! }] };
  });

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
      .describe('Largest request body kept for a repeat, bytes.'),
  })
  .prefault({});

const timeouts = z
  .strictObject({
    connect: duration('1s').describe('For a connection to a server to be made.'),
    response: duration('30s').describe(
      "From the request's last byte to the response's head, and between two pieces of its body.",
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

const pool = z
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
      .describe('Most unused connections kept to each server; 0 keeps none.'),
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

const replica = z.strictObject({
  name: name.describe('Unique among the replica groups.'),
  command: z
    .string()
    .trim()
    .min(1, 'the command that starts one process; write e.g. node server.js')
    .refine(
      (text) => text === '' || splitCommand(text) !== undefined,
      'a quote in this command is not closed; write it at the end of the word too',
    )
    .describe('Started without a shell: words are split at spaces, quotes group them.'),
  count: whole(1, 64)
    .optional()
    .describe(
      'Processes to start: one for each of the first `count` servers of the pool. All of them when left out.',
    ),
  pool: name.optional().describe('The pool whose servers these processes back.'),
  ports: z
    .array(whole(1, 65_535))
    .min(1)
    .max(64)
    .optional()
    .describe('Ports instead of a pool: one process each.'),
  portEnv: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'a variable name; write e.g. PORT')
    .default('PORT')
    .describe('Environment variable that tells a process its port.'),
  env: z.record(z.string(), z.string()).default({}).describe('Further environment variables.'),
  cwd: z.string().optional().describe('Folder to start in, relative to the file.'),
});

/** The most threads a data plane has. */
export const mostThreads = 16;

const dataPlane = z
  .strictObject({
    threads: whole(1, mostThreads)
      .default(1)
      .describe(
        'Threads that accept clients and carry requests, on as many cores, as one: strategies, limits and sessions hold over all of them. More than 1 needs Node 23.1 or later (or 22.12) on Linux or another system where sockets can share a port.',
      ),
  })
  .prefault({});

export const configSchema = z
  .strictObject({
    version: z.literal(1, { error: 'write version: 1' }).default(1).describe('Of this format.'),
    listeners: z
      .array(listener, {
        error: 'listeners is a list; write - { name: web, bind: 127.0.0.1:8080, pool: NAME }',
      })
      .min(1, 'write at least one listener')
      .describe('Addresses that accept client traffic.'),
    pools: z
      .array(pool, {
        error: 'pools is a list; write - { name: api, servers: [{ address: 127.0.0.1:3001 }] }',
      })
      .min(1, 'write at least one pool')
      .describe('Named sets of servers balanced together.'),
    replicas: z.array(replica).default([]).describe('Processes that Ballast starts.'),
    dataPlane: dataPlane.describe('What carries the requests.'),
    responseFields: z
      .boolean()
      .default(true)
      .describe('Response fields x-ballast-server, x-ballast-attempts, x-ballast-request.'),
    journalRequests: whole(100, 100_000).default(2_000).describe('Requests kept in the journal.'),
  })
  .superRefine(checkReferences);

/** What a person writes. */
export type ConfigInput = z.input<typeof configSchema>;
/** What the engine runs: complete. */
export type Config = z.output<typeof configSchema>;
export type ListenerConfig = Config['listeners'][number];
export type ListenerLimits = ListenerConfig['limits'];
export type RouteConfig = ListenerConfig['routes'][number];
export type PoolConfig = Config['pools'][number];
export type ServerConfig = PoolConfig['servers'][number];
export type HealthCheckConfig = PoolConfig['healthCheck'];
export type AffinityConfig = PoolConfig['affinity'];
export type RetryConfig = PoolConfig['retry'];
export type TimeoutsConfig = PoolConfig['timeouts'];
export type BatchingConfig = PoolConfig['batching'];
export type OutlierDetectionConfig = PoolConfig['outlierDetection'];
export type ReplicaConfig = Config['replicas'][number];

/** The id by which state, contract and interface know a server: unique within a configuration. */
export function serverId(poolName: string, serverName: string): string {
  return `${poolName}/${serverName}`;
}
