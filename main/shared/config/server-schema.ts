import { z } from 'zod';
import { address, name, whole } from './schema-parts.ts';

/** One member of a pool. */
export const serverSchema = z.strictObject({
  name: name.optional().describe('Unique within the pool; pool name and position when left out: api-1.'),
  address: address('127.0.0.1:3001', { anyPort: false }).describe('Where the server listens: host:port.'),
  weight: whole(0, 1_000)
    .default(1)
    .describe(
      'Share relative to its neighbours, 0 to 1000. 0 takes no new clients; those with a session there stay.',
    ),
  priority: whole(0, 9)
    .default(0)
    .describe(
      'Servers are asked only while none of a lower number is available (a full one is not): 0 first, 9 last.',
    ),
  backup: z
    .boolean()
    .default(false)
    .describe('Used only when no other server is available, of whatever priority.'),
  maxRequests: whole(0, 1_000_000).default(0).describe('Most requests in flight at once; 0 is no limit.'),
});
