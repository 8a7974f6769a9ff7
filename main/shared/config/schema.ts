import { z } from 'zod';
import { splitCommand } from '../lib/command-line.ts';
import { listenerSchema } from './listener-schema.ts';
import { poolSchema } from './pool-schema.ts';
import { checkReferences } from './references.ts';
import { name, whole } from './schema-parts.ts';

/** No argument, variable or folder of a process can hold it: it ends a text there. */
const noNul = (text: string): boolean => !text.includes('\0');
const nulWords = 'a text without the character 0, which no process can be given; write it without';

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
    .refine(noNul, nulWords)
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
  env: z
    .record(z.string(), z.string().refine(noNul, nulWords))
    .superRefine((variables, context) => {
      for (const key of Object.keys(variables)) {
        if (key !== '' && noNul(key) && !key.includes('=')) continue;
        const message = `${JSON.stringify(key)} is no name of a variable; write e.g. LOG_LEVEL: debug`;
        context.addIssue({ code: 'custom', path: [key], message });
      }
    })
    .default({})
    .describe('Further environment variables.'),
  cwd: z.string().refine(noNul, nulWords).optional().describe('Folder to start in, relative to the file.'),
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

/**
 * The schema of ballast.yaml. Its input is what a person writes; its output is the configuration the engine runs,
 * complete: every default filled in, durations in milliseconds, addresses taken apart. Messages say what to write instead.
 */
export const configSchema = z
  .strictObject({
    version: z.literal(1, { error: 'write version: 1' }).default(1).describe('Of this format.'),
    listeners: z
      .array(listenerSchema, {
        error: 'listeners is a list; write - { name: web, bind: 127.0.0.1:8080, pool: NAME }',
      })
      .min(1, 'write at least one listener')
      .describe('Addresses that accept client traffic.'),
    pools: z
      .array(poolSchema, {
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
    persistSessions: z
      .boolean()
      .default(false)
      .describe(
        'Keep the sessions when Ballast is started anew: their digests and the key that signs cookies stand in a file of this user alone.',
      ),
    journalRequests: whole(0, 100_000)
      .default(2_000)
      .describe('Requests kept in the journal, for each thread; 0 keeps none, and no choice is explained.'),
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
export type CircuitBreakerConfig = PoolConfig['circuitBreaker'];
export type ReplicaConfig = Config['replicas'][number];

/** Servers of a lower level are asked first: priorities 0 to 9, then the backups in the order of theirs. */
export function levelOf({ priority, backup }: Pick<ServerConfig, 'priority' | 'backup'>): number {
  return backup ? backupLevel + priority : priority;
}

/** Behind every priority. */
export const backupLevel = 10;
