import { z } from 'zod';
import { duration, inMs, whole } from './schema-parts.ts';

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
/** The timed check of every server of a pool. */
export const healthCheckSchema = z
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
