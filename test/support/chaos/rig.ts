import type { ConfigInput } from '@shared/config/schema.ts';
import type { RequestDetail } from '@shared/contract/request-values.ts';
import type { Resources } from '@shared/contract/system-values.ts';
import { systemClock } from '../../../main/engine/clock.ts';
import { createEngine, type Engine } from '../../../main/engine/engine.ts';
import type { ReadPath } from '../../../main/engine/sockets/lane-socket.ts';
import { configOf } from '../config-of.ts';
import { builtWorker } from '../owner-kit.ts';
import { until } from '../until.ts';

type PoolInput = Omit<ConfigInput['pools'][number], 'name' | 'servers'>;

export interface RigOptions {
  readonly servers: readonly { readonly name: string; readonly address: string }[];
  readonly pool?: PoolInput;
  readonly limits?: NonNullable<ConfigInput['listeners'][number]['limits']>;
  readonly readPath?: ReadPath;
  /** Of the data plane; further ones run what was built. */
  readonly threads?: number;
}

/** The whole engine in this process, in front of real servers, with a clock of its own so that its timers can be counted. */
export interface Rig {
  readonly engine: Engine;
  readonly port: number;
  /** What the journal says of the request with this id of the test's, once it is over. */
  journalled(id: string): Promise<RequestDetail>;
  /** What is left, in words; empty where nothing is under way and nothing was left. Waits a while for that. */
  leftovers(): Promise<string[]>;
  /** Stops; what then still is there, in words. */
  stop(): Promise<string[]>;
}

/** Probes and ejections are off unless asked for: every server is asked in turn. */
export async function startRig({ servers, pool, limits, readPath, threads = 1 }: RigOptions): Promise<Rig> {
  const clock = { ...systemClock };
  const engine = createEngine({
    clock,
    random: () => 0.5,
    log: () => {},
    workerPath: builtWorker,
    ...(readPath && { readPath }),
  });
  const config = configOf({
    listeners: [{ name: 'web', bind: '127.0.0.1:0', pool: 'api', ...(limits && { limits }) }],
    pools: [
      {
        name: 'api',
        healthCheck: { type: 'none' },
        outlierDetection: { consecutiveFailures: 0 },
        ...pool,
        servers: servers.map(({ name, address }) => ({ name, address })),
      },
    ],
    dataPlane: { threads },
  });
  const [listener] = await engine.start(config);
  const port = Number(new URL(listener!.url).port);

  const unfinished = async (): Promise<string[]> => {
    const { total, pools, servers: counted } = engine.metrics();
    const { clientConnections, serverConnections, idleServerConnections, deadlines, keptBytes } =
      await engine.resources();
    const busy = Object.entries(counted).filter(([, { activeRequests }]) => activeRequests !== 0);
    return [
      ...tell('requests active in total', total.activeRequests),
      ...tell('requests active in the pool', pools.api!.activeRequests),
      ...busy.map(([name, { activeRequests }]) => `${activeRequests} requests active on ${name}`),
      ...tell('connections of clients', clientConnections),
      ...tell('connections to servers that are not idle', serverConnections - idleServerConnections),
      ...tell('deadlines beyond those of idle connections', Math.max(0, deadlines - idleServerConnections)),
      ...tell('bytes kept', keptBytes),
    ];
  };

  return {
    engine,
    port,
    journalled: (id) =>
      until(`request ${id} in the journal`, async () => {
        const { requests } = await engine.listRequests({ limit: 1_000 });
        const found = requests.find(({ target }) => target === `/${id}`);
        return found && engine.request(found.id);
      }),
    async leftovers() {
      await until('nothing to be left', async () => (await unfinished()).length === 0, 20_000).catch(
        () => {},
      );
      return unfinished();
    },
    async stop() {
      await engine.stop(0);
      const left = async (): Promise<string[]> =>
        Object.entries((await engine.resources()) satisfies Resources)
          // Of the whole thread, so also other engines' that run at the same time.
          .filter(([what]) => what !== 'leasedBuffers')
          .flatMap(([what, count]) => tell(`${what} after the stop`, count));
      await until('nothing to be left', async () => (await left()).length === 0, 20_000).catch(() => {});
      return left();
    },
  };
}

function tell(what: string, count: number): string[] {
  return count === 0 ? [] : [`${count} ${what}`];
}
