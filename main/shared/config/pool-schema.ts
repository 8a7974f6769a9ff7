import { z } from 'zod';
import { batchingModeKinds } from '../catalog/batching.ts';
import { affinitySchema } from './affinity-schema.ts';
import { circuitBreakerSchema } from './circuit-schema.ts';
import { healthCheckSchema } from './health-schema.ts';
import { outlierDetectionSchema } from './outlier-schema.ts';
import { retrySchema, timeoutsSchema } from './retry-schema.ts';
import { duration, inMs, name, whole } from './schema-parts.ts';
import { serverSchema } from './server-schema.ts';
import { strategySchema } from './strategy-schema.ts';

const queue = z
  .strictObject({
    length: whole(0, 100_000)
      .default(1_000)
      .describe(
        'Most requests that wait while the pool, or every server that could take them, is at its `maxRequests`. More: 503. 0: none waits.',
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
    strategy: strategySchema.describe('How the next server is picked.'),
    servers: z.array(serverSchema).default([]).describe('At least one.'),
    healthCheck: healthCheckSchema.describe('The timed check of every server.'),
    outlierDetection: outlierDetectionSchema.describe(
      'Exclusion for a while of a server that fails on real traffic.',
    ),
    circuitBreaker: circuitBreakerSchema.describe(
      'Requests get 503 for a while instead of going to a pool that fails as a whole.',
    ),
    affinity: affinitySchema.prefault({ type: 'none' }).describe('The rule that binds a client to a server.'),
    retry: retrySchema.describe('When a failed attempt is followed by another.'),
    timeouts: timeoutsSchema.describe('How long servers may take.'),
    maxRequests: whole(0, 1_000_000)
      .default(0)
      .describe('Most requests in flight at once to all of its servers together; 0 is no limit.'),
    queue: queue.describe('Where requests wait for servers, or the pool, at their `maxRequests`.'),
    idleConnections: whole(0, 100_000)
      .default(1_024)
      .describe('Most unused connections to each server that a thread keeps; 0 keeps none.'),
    slowStart: duration('0s', 0).describe(
      'A server that comes back or is added while Ballast runs has 10 % of its weight at first, and all of it after this long. 0s: at once. Without effect under strategies that ignore weights.',
    ),
    panicThreshold: whole(0, 100)
      .default(0)
      .describe(
        'While fewer of its servers than this are available (percent, of the priority in use), health checks and ejections are ignored: better a failure than too much for the few that are left. 0: never.',
      ),
    batching: batching.describe(
      'GET and HEAD requests that arrive at the same moment for the same server share a connection: off, on or adaptive.',
    ),
  })
  .transform(inMs('slowStart'))
  .transform((value) => ({
    ...value,
    servers: value.servers.map((each, index) => ({
      ...each,
      name: each.name ?? `${value.name}-${index + 1}`,
    })),
  }));
