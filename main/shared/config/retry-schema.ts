import { z } from 'zod';
import { formatDuration, parseDuration } from '../lib/duration.ts';
import { duration, inMs, whole } from './schema-parts.ts';
import { statusRange } from './status-ranges.ts';

/** Ways an attempt can fail that another attempt may follow, by the words of the journal. */
export const retryOutcomes = [
  'connect-failed',
  'closed-before-response',
  'failed-mid-response',
  'timed-out',
] as const;

/** RFC 9110 section 9.2.2: to send one of these twice means the same as to send it once. */
export const idempotentMethods = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE'] as const;

const retryReason = statusRange(
  400,
  `a status, a class or a range from 400 to 599 (503, 5xx, 502-504), ${retryOutcomes.slice(0, -1).join(', ')} or ${retryOutcomes.at(-1)}`,
  retryOutcomes,
);

const backoff = z
  .strictObject({
    base: duration('0s', 0).describe(
      'The wait before the first retry is drawn from 0 to this, before each further one from 0 to twice as much. 0s: none waits.',
    ),
    max: duration('1s', 0).describe('The longest wait that can be drawn.'),
  })
  .transform(inMs('base', 'max'))
  .prefault({});

const quantiles = { p50: 0.5, p75: 0.75, p90: 0.9, p95: 0.95, p99: 0.99 } as const;
const quantileWords = Object.keys(quantiles) as (keyof typeof quantiles)[];
const isQuantile = (text: string): text is keyof typeof quantiles => Object.hasOwn(quantiles, text);

/** How `after` of a hedge is written. */
export function hedgeAfterText({ afterMs, quantile }: { afterMs: number; quantile: number }): string {
  return quantileWords.find((word) => quantiles[word] === quantile) ?? formatDuration(afterMs);
}

const hedge = z
  .strictObject({
    after: z
      .string({ error: 'write a duration, e.g. 100ms, or p95' })
      .transform((text, context) => {
        if (isQuantile(text)) return { afterMs: 0, quantile: quantiles[text] };
        const afterMs = parseDuration(text);
        if (afterMs !== undefined && afterMs >= 1 && afterMs <= 86_400_000) return { afterMs, quantile: 0 };
        context.addIssue({
          code: 'custom',
          message: `"${text}" is no time after which to begin another attempt; write a duration, e.g. 100ms, or one of ${quantileWords.join(', ')}`,
        });
        return z.NEVER;
      })
      .prefault('p95')
      .describe(
        'How long an attempt may be without a response head before another begins beside it: a duration, or the share of recent requests of the pool that were quicker (p50, p75, p90, p95, p99; none begins before 20 were measured in 10 s).',
      ),
    most: whole(1, 3)
      .default(1)
      .describe('Most attempts begun like this for one request. They count among `attempts`.'),
  })
  .transform(({ after, most }) => ({ ...after, most }));

/** When a failed attempt is followed by another. */
export const retrySchema = z
  .strictObject({
    attempts: whole(1, 10)
      .default(3)
      .describe(
        'Most attempts for one request, the first included. Servers that refuse the connection do not count, unless this is 1: then no other is tried.',
      ),
    on: z
      .array(retryReason)
      .default([])
      .describe(
        'What is tried again elsewhere: statuses (`503`, `5xx`, `502-504`) and ways to fail (`connect-failed`, `closed-before-response`, `failed-mid-response`, `timed-out`). Where it names no way to fail, every one is tried again.',
      ),
    methods: z
      .array(
        z
          .string()
          .regex(/^[!#$%&'*+.^_`|~0-9A-Z-]{1,32}$/, 'a method is one word in capitals; write e.g. GET'),
      )
      .default([...idempotentMethods])
      .describe(
        'Methods that may be sent again although they may have taken effect: the idempotent ones. POST or PATCH only where the service does not mind to do it twice.',
      ),
    backoff: backoff.describe(
      'How long is waited before a retry; never after a connection that was refused or not made.',
    ),
    hedge: hedge
      .optional()
      .describe(
        'Idempotent requests that take long go to a second server beside the first, and the first response head wins. Off when left out.',
      ),
    budgetPercent: whole(0, 100)
      .default(20)
      .describe('Retries allowed as a share of recent requests, percent.'),
    budgetMinPerSecond: whole(0, 100_000)
      .default(10)
      .describe('Retries a second that the budget always allows.'),
    bodyBytes: whole(0, 16_777_216)
      .default(65_536)
      .describe(
        'Largest request body kept for a repeat, bytes. Of methods that are not in `methods` (POST, PATCH) no more than 16384 are kept: they are only repeated where nothing was delivered.',
      ),
  })
  .prefault({});

/** How long servers may take. */
export const timeoutsSchema = z
  .strictObject({
    connect: duration('1s').describe('For a connection to a server to be made.'),
    response: duration('30s').describe(
      "From the request's last byte to the whole of the response's head (as long again after a 1xx response), and between two pieces of its body.",
    ),
    attempt: duration('0s', 0).describe(
      "For one attempt, from its beginning or the request's last byte, whichever is later, to the whole of the response's head, 1xx responses and connecting included. 0s: no limit of its own.",
    ),
    request: duration('0s', 0).describe(
      "For a request altogether, from its head to the whole of the response's head: queue, all attempts and the waits between them. Then 504. 0s: no limit of its own.",
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
    drain: duration('0s', 0).describe(
      'A server that began to drain is to be empty after this: then its sessions move, and what still runs there is ended. 0s: it takes as long as it takes.',
    ),
    resolve: duration('30s', 1_000).describe(
      'Servers whose address is a name are looked up again this often; the last good answer is kept.',
    ),
  })
  .transform(
    inMs(
      'connect',
      'response',
      'attempt',
      'request',
      'idle',
      'tunnel',
      'tunnelEnd',
      'tunnelDrain',
      'drain',
      'resolve',
    ),
  )
  .prefault({});
