import { z } from 'zod';
import { address, duration, inMs, name, path, whole } from './schema-parts.ts';

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

/** An address that accepts client traffic, and where it leads. */
export const listenerSchema = z
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
        'Keep X-Forwarded-*, X-Real-IP and Forwarded that the client sent, and add to them (another proxy is in front); otherwise they are dropped, and ours put in.',
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
