import { z } from 'zod';
import { fallbackKinds, hashKeyExamples, type StrategyKind, strategyKinds } from '../catalog/strategies.ts';
import { duration, inMs, whole } from './schema-parts.ts';

const unknownStrategy = `unknown strategy; write one of ${strategyKinds.join(', ')}`;

const hashKeyForm = /^(?:(?:header|cookie):[!#$%&'*+.^_`|~0-9A-Za-z-]+|query:[^\s&=#]+|path|uri|client-ip)$/;

const fallback = z.enum(fallbackKinds, { error: `write one of ${fallbackKinds.join(', ')}` });

/** Options of each strategy; `catalog/strategies.ts` tells the same of them to people. */
const byKind = {
  'round-robin': z.strictObject({ kind: z.literal('round-robin') }),
  'weighted-round-robin': z.strictObject({ kind: z.literal('weighted-round-robin') }),
  'least-connections': z.strictObject({ kind: z.literal('least-connections') }),
  'power-of-two': z.strictObject({ kind: z.literal('power-of-two') }),
  'least-time': z
    .strictObject({
      kind: z.literal('least-time'),
      decay: duration('10s').describe(
        'After this long a measured response time has 1/e of its weight. Slower ones count at once and in full.',
      ),
    })
    .transform(inMs('decay')),
  random: z.strictObject({ kind: z.literal('random') }),
  'ip-hash': z.strictObject({
    kind: z.literal('ip-hash'),
    ipv6Prefix: whole(1, 128)
      .default(128)
      .describe(
        'Leading bits of an IPv6 address that tell clients apart; 64 keeps one that changes its address within its network.',
      ),
  }),
  hash: z.strictObject({
    kind: z.literal('hash'),
    key: z
      .string()
      .regex(hashKeyForm, `a key is one of ${hashKeyExamples.join(', ')}`)
      .describe(
        'What of the request decides: `header:NAME`, `cookie:NAME`, `query:NAME` (the first parameter of that name, both as they stand there: percent-encoding is not decoded), `path`, `uri` (path and query) or `client-ip`.',
      ),
    boundedLoad: z
      .number('a number from 1 to 100')
      .min(1, 'at least 1')
      .max(100, 'at most 100')
      .optional()
      .describe(
        'Most requests in flight at a server, as a multiple of its share of all, rounded up; the next in the order of the key takes what is too much. No bound when left out.',
      ),
    fallback: fallback
      .default('weighted-round-robin')
      .describe('The strategy for a request without the key, or with an empty one.'),
  }),
  first: z.strictObject({ kind: z.literal('first') }),
} satisfies Record<StrategyKind, z.ZodType<{ kind: StrategyKind }>>;

const mapping = z.discriminatedUnion(
  'kind',
  [
    byKind['round-robin'],
    byKind['weighted-round-robin'],
    byKind['least-connections'],
    byKind['power-of-two'],
    byKind['least-time'],
    byKind.random,
    byKind['ip-hash'],
    byKind.hash,
    byKind.first,
  ],
  { error: unknownStrategy },
);

/** How the next server is picked: a word where no option must be written, or a mapping with options. */
export const strategySchema = z
  .union([z.enum(fallbackKinds).transform((kind) => mapping.parse({ kind })), mapping], {
    error: unknownStrategy,
  })
  .prefault('round-robin');

/** A strategy with every option at its default. */
export function defaultStrategy(kind: (typeof fallbackKinds)[number]): z.output<typeof mapping> {
  return mapping.parse({ kind });
}
