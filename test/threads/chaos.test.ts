import { fileURLToPath } from 'node:url';
import { BroadcastChannel } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { runFailover, usualFailover } from '../support/chaos/failover.ts';
import { fleetOf } from '../support/chaos/fleet.ts';
import { play, randomScript } from '../support/chaos/random-life.ts';
import { pinnedClient, threads } from '../support/threads-cleanup.ts';
import { suffix, threadOf, whyNot } from '../support/threads-kit.ts';
import { until } from '../support/until.ts';

const crashingThread = fileURLToPath(new URL('../support/crashing-thread.mjs', import.meta.url));

describe.skipIf(whyNot !== null)(`chaos with several threads${suffix}`, () => {
  const { steady } = fleetOf('a', 'b', 'c');

  // `BALLAST_CHAOS_THREADS=2 npm test -- chaos random-life` plays others, with a Node that can.
  it.each([1, 2, 3])('nothing is lost and nothing is left in a random life (seed %i)', async (seed) => {
    const script = randomScript(
      seed,
      steady.map(({ name }) => name),
    );
    expect(await play(script, steady, 2)).toEqual([]);
  });

  it.each(['kill', 'reset'] as const)('no GET fails while servers come and go (%s)', async (act) => {
    const options = { ...usualFailover, act, threads: 2, connections: 32, seconds: 3 };
    const { failures, answered, acts } = await runFailover(options);
    expect(failures.slice(0, 3)).toEqual([]);
    expect(answered).toBeGreaterThan(options.connections);
    expect(acts.length).toBeGreaterThan(3);
  });

  it('a thread that crashes under load loses its own connections only, and leaves nothing behind', async () => {
    const kit = await threads({ threads: 2, workerPath: crashingThread });
    let isRunning = true;
    /** Threads of the connections on which a request failed; null for those that had carried none. */
    const failed = new Set<number | null>();
    const clients = Array.from({ length: 16 }, async () => {
      while (isRunning) {
        const client = pinnedClient(kit);
        let thread: number | null = null;
        try {
          for (let sent = 0; sent < 200 && isRunning; sent++) {
            const { id, status } = await client.get();
            thread = threadOf(id);
            if (status !== 200) failed.add(thread);
          }
        } catch {
          failed.add(thread);
        }
        client.close();
      }
    });
    const answered = async (more: number): Promise<void> => {
      const { requests } = (await kit.metrics()).total;
      await until('more requests', async () => (await kit.metrics()).total.requests > requests + more);
    };
    await answered(500);
    const channel = new BroadcastChannel('end a thread');
    channel.postMessage({ thread: 1, how: 'out of luck' });
    await until('it runs again', () => kit.events.some(({ kind }) => kind === 'thread-restarted'));
    channel.close();
    // Who had only just connected to it was lost, too.
    expect([...failed].filter((thread) => thread !== 1 && thread !== null)).toEqual([]);
    failed.clear();
    await answered(1_000);
    isRunning = false;
    await Promise.all(clients);
    expect([...failed]).toEqual([]);
    await until('nothing to be left', async () => {
      const { metrics, resources } = await kit.client.call('status.get', {});
      const { total, servers } = metrics;
      const active = Object.values(servers).reduce((sum, each) => sum + each.activeRequests, 0);
      const { clientConnections, serverConnections, idleServerConnections, keptBytes } = resources;
      const held = clientConnections + (serverConnections - idleServerConnections) + keptBytes;
      return total.activeRequests === 0 && active === 0 && held === 0;
    });
  });
});
