import { z } from 'zod';
import { duration, inMs, whole } from './schema-parts.ts';

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
/** The rule that binds a client to a server. */
export const affinitySchema = z.discriminatedUnion(
  'type',
  [
    z.strictObject({ type: z.literal('cookie'), ...affinityTable }).transform(inMs('ttl')),
    z.strictObject({ type: z.literal('client-ip'), ...affinityTable }).transform(inMs('ttl')),
    z.strictObject({ type: z.literal('none') }),
  ],
  { error: 'write type: cookie, type: client-ip or type: none' },
);
