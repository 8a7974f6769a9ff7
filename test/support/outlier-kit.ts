import { describeServers } from '../../main/engine/server-status.ts';
import type { PoolInput } from './config-of.ts';
import { poolKit, serversNamed } from './engine-kit.ts';

/** What it has where a test says nothing else. */
export const outlierDetection = { consecutiveFailures: 3, baseEjection: '10s', maxEjection: '25s' };

/** A pool that ejects after three failures in a row. */
export function failing(names: Record<string, number>, retry = {}, more: PoolInput['outlierDetection'] = {}) {
  const kit = poolKit({
    servers: serversNamed(names),
    outlierDetection: { ...outlierDetection, ...more },
    retry,
    healthCheck: { type: 'none' },
  });
  return {
    ...kit,
    /** Leads requests until one gets to that server, and ends it as told. */
    at(name: string, outcome: Parameters<typeof kit.end>[1], status?: number): boolean {
      for (let attempt = 0; attempt < 10; attempt++) {
        const exchange = kit.request();
        const server = kit.pool.choose(exchange);
        if (server?.name === name) {
          kit.end(exchange, outcome, status);
          return true;
        }
        if (server) kit.end(exchange, 'responded');
      }
      return false;
    },
    told: () =>
      kit.events
        .read(0, 100)
        .filter(({ kind }) => kind.startsWith('server-') || kind === 'ejection-withheld')
        .map(({ text }) => text),
    status(name: string) {
      const found = describeServers(kit.pool, kit.clock.now()).find((each) => each.name === name)!;
      const { ejectedBecause, timesEjected, notEjected, reason } = found;
      return { ejectedBecause, timesEjected, notEjected, reason };
    },
    /** So many failures in a row, where there are so many. */
    fail(name: string, times = 3): void {
      for (let failure = 0; failure < times; failure++) this.at(name, 'timed-out');
    },
    /** Lets a server answer so many requests in that time, and the others as quickly as can be. */
    async answersIn(times: Record<string, number>, requests: number): Promise<void> {
      const ms = Object.entries(times);
      for (let request = 0; request < requests; request++) {
        for (const [name, took] of ms) {
          const server = kit.server(name);
          server.traffic.finish(200, took);
        }
      }
    },
  };
}
