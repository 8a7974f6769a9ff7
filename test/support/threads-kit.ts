import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { Worker } from 'node:worker_threads';
import type { Config, ConfigInput } from '@shared/config/schema.ts';
import { type ContractClient, connect } from '@shared/contract/client.ts';
import type { BallastEvent } from '@shared/contract/event-values.ts';
import type { Metrics } from '@shared/contract/metrics-values.ts';
import type { RequestSummary } from '@shared/contract/request-values.ts';
import { workerChannel } from '../../main/control/channels/worker-channel.ts';
import { whyPortsCannotBeShared } from '../../main/engine/threads/reuse-port.ts';
import { configOf } from './config-of.ts';
import { type NamedServer, startNamedServer } from './named-server.ts';
import { builtWorker } from './owner-kit.ts';

/** Null where the Node that runs the tests can have several threads. */
export const whyNot = await whyPortsCannotBeShared();
/** For the name of a suite: says why it was skipped. */
export const suffix = whyNot === null ? '' : ` (skipped: Node ${process.versions.node} cannot share a port)`;

type PoolInput = Omit<ConfigInput['pools'][number], 'name' | 'servers'>;

export interface ThreadsKit {
  readonly client: ContractClient;
  readonly servers: readonly NamedServer[];
  readonly url: string;
  readonly port: number;
  readonly events: BallastEvent[];
  readonly requests: RequestSummary[];
  readonly config: Config;
  apply(change?: Partial<ThreadsOptions>): Promise<string>;
  metrics(): Promise<Metrics>;
  stop(): Promise<void>;
}

export interface ThreadsOptions {
  readonly threads: number;
  /** By name. */
  readonly weights: Readonly<Record<string, number>>;
  readonly pool: PoolInput;
  readonly bind: string;
  readonly maxRequests: number;
  readonly maxConnections: number;
  /** Instead of the built worker. */
  readonly workerPath: string;
}

/** The built engine with that many threads in front of real servers that answer with their names. */
export async function startThreads(options: Partial<ThreadsOptions> = {}): Promise<ThreadsKit> {
  const current: ThreadsOptions = {
    threads: 2,
    weights: { a: 1, b: 1 },
    pool: {},
    bind: '127.0.0.1:0',
    maxRequests: 0,
    maxConnections: 10_000,
    workerPath: builtWorker,
    ...options,
  };
  const worker = new Worker(current.workerPath, { workerData: { version: '1.2.3' } });
  const client = await connect(workerChannel(worker));
  const servers = await Promise.all(Object.keys(current.weights).map(startNamedServer));
  const events: BallastEvent[] = [];
  client.log('events', ({ entries }) => events.push(...entries));
  const requests: RequestSummary[] = [];
  client.log('requests', ({ entries }) => requests.push(...entries));
  const written = ({ threads, weights, pool, bind, maxRequests, maxConnections }: ThreadsOptions): Config => {
    return configOf({
      listeners: [{ name: 'web', bind, pool: 'api', limits: { maxConnections } }],
      pools: [
        {
          name: 'api',
          healthCheck: { type: 'none' },
          ...pool,
          servers: servers
            .filter(({ name }) => name in weights)
            .map(({ name, address }) => ({ name, address, weight: weights[name]!, maxRequests })),
        },
      ],
      dataPlane: { threads },
    });
  };
  let running = current;
  const kit = {
    client,
    servers,
    url: '',
    port: 0,
    events,
    requests,
    config: written(current),
    async apply(change: Partial<ThreadsOptions> = {}) {
      const wanted = { ...running, ...change };
      kit.config = written(wanted);
      const { listeners } = await client.call('engine.apply', { config: kit.config });
      running = wanted;
      kit.url = listeners[0]!.url;
      kit.port = Number(new URL(kit.url).port);
      return kit.url;
    },
    metrics: async () => (await client.call('status.get', {})).metrics,
    async stop() {
      await client.call('engine.stop', { graceMs: 0 }).catch(() => {});
      await worker.terminate();
      await Promise.all(servers.map((server) => server.close()));
    },
  };
  try {
    await kit.apply();
  } catch (error) {
    await kit.stop();
    throw error;
  }
  return kit;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
  /** Of the request in the journal. */
  readonly id: string;
  readonly headers: IncomingHttpHeaders;
}

/** One kept-alive connection, which the kernel has given to one thread. */
export interface PinnedClient {
  get(path?: string, headers?: Record<string, string>): Promise<Answer>;
  close(): void;
}

export function pinnedClient(kit: Pick<ThreadsKit, 'url'>): PinnedClient {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return {
    get: (path = '/', headers = {}) =>
      new Promise((resolve, reject) => {
        const sent = request(`${kit.url}${path}`, { agent, headers }, (response) => {
          let body = '';
          response.setEncoding('utf8').on('data', (text: string) => {
            body += text;
          });
          response.on('error', reject);
          response.on('end', () => {
            const id = String(response.headers['x-ballast-request']);
            resolve({ status: response.statusCode ?? 0, body, id, headers: response.headers });
          });
        });
        sent.on('error', reject).end();
      }),
    close: () => agent.destroy(),
  };
}

/** The thread that numbered a request: 0 is the engine's own, others count on in the order in which they were started. */
export function threadOf(id: string): number {
  return Number(/-(\d+)t/.exec(id)?.[1] ?? 0);
}

/** A connection to each of so many threads, in their order, the engine's first. */
export async function clientOfEach(kit: Pick<ThreadsKit, 'url'>, threads: number): Promise<PinnedClient[]> {
  const found = new Map<number, PinnedClient>();
  for (let tries = 0; found.size < threads; tries++) {
    if (tries > 500) throw new Error(`only ${[...found.keys()]} of ${threads} threads accepted a connection`);
    const client = pinnedClient(kit);
    const thread = threadOf((await client.get()).id);
    if (found.has(thread)) client.close();
    else found.set(thread, client);
  }
  return [...found].sort(([one], [other]) => one - other).map(([, client]) => client);
}
