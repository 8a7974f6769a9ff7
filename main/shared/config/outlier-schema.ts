import { z } from 'zod';
import { duration, inMs, whole } from './schema-parts.ts';
import { statusRange } from './status-ranges.ts';

const status = statusRange(
  400,
  'a status, a class or a range from 400 to 599; write e.g. 503, 5xx or 502-504',
);

/** Exclusion of servers that fail on real traffic. */
export const outlierDetectionSchema = z
  .strictObject({
    consecutiveFailures: whole(0, 1_000)
      .default(5)
      .describe('Failed attempts in a row before a server is ejected; 0 is off.'),
    failurePercent: whole(0, 100)
      .default(0)
      .describe('Share of failed attempts within `window` at which a server is ejected, percent; 0 is off.'),
    window: duration('10s', 1_000).describe('What `failurePercent` looks back on.'),
    minimumRequests: whole(1, 1_000_000)
      .default(20)
      .describe(
        'Fewer attempts at a server say nothing about its share of failures, or about its response time.',
      ),
    latencyFactor: z
      .union([z.literal(0), z.number().min(1.1).max(1_000)], {
        error: 'how many times slower than the others; write e.g. 5, or 0 for off (1.1 to 1000)',
      })
      .default(0)
      .describe(
        'A server is ejected when its median response time of the last 10s is more than so many times that of the others, 1.1 to 1000 (the median of their medians); 0 is off.',
      ),
    minimumLatency: duration('50ms', 1).describe(
      'Whose median is below this is never ejected for being slow.',
    ),
    statuses: z
      .array(status)
      .optional()
      .describe(
        'Response statuses that count as a failure, e.g. 503, 5xx or 502-504; those of `retry.on` when left out. An attempt without a whole response always counts.',
      ),
    baseEjection: duration('10s', 100).describe(
      'First ejection; each further one is that much longer. After a return every such stretch without an ejection takes one back.',
    ),
    maxEjection: duration('5m', 100).describe('The longest ejection.'),
    maxEjectedPercent: whole(1, 100)
      .default(100)
      .describe('Most servers of the pool that are ejected at once, percent; one always may be.'),
    ejectLast: z
      .boolean()
      .default(false)
      .describe(
        'Whether the last available server of the pool may be ejected too. Requests then get 503 until an ejection is over.',
      ),
  })
  .transform(inMs('window', 'minimumLatency', 'baseEjection', 'maxEjection'))
  .prefault({});
