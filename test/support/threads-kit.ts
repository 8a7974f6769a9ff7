import { Worker } from 'node:worker_threads';
import { parseConfig } from '@shared/config/parse.ts';
import type { Config, ConfigInput } from '@shared/config/schema.ts';
import { type ContractClient, connect } from '@shared/contract/client.ts';
import type { BallastEvent, Metrics, RequestSummary } from '@shared/contract/values.ts';
import { workerChannel } from '../../main/control/channels/worker-channel.ts';
import { type NamedServer, startNamedServer } from './named-server.ts';
import { builtWorker } from './owner-kit.ts';

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
}

/** The built engine with that many threads in front of real servers that answer with their names. */
export async function startThreads(options: Partial<ThreadsOptions> = {}): Promise<ThreadsKit> {
  const current: ThreadsOptions = {
    threads: 2,
    weights: { a: 1, b: 1 },
    pool: {},
    bind: '127.0.0.1:0',
    maxRequests: 0,
    ...options,
  };
  const worker = new Worker(process.env.BALLAST_WORKER ?? builtWorker, { workerData: { version: '1.2.3' } });
  const client = await connect(workerChannel(worker));
  const servers = await Promise.all(Object.keys(current.weights).map(startNamedServer));
  const events: BallastEvent[] = [];
  client.log('events', ({ entries }) => events.push(...entries));
  const requests: RequestSummary[] = [];
  client.log('requests', ({ entries }) => requests.push(...entries));
  const configOf = ({ threads, weights, pool, bind, maxRequests }: ThreadsOptions): Config => {
    const parsed = parseConfig({
      listeners: [{ name: 'web', bind, pool: 'api' }],
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
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    return parsed.config;
  };
  let running = current;
  const kit = {
    client,
    servers,
    url: '',
    port: 0,
    events,
    requests,
    config: configOf(current),
    async apply(change: Partial<ThreadsOptions> = {}) {
      const wanted = { ...running, ...change };
      kit.config = configOf(wanted);
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
