import type { Config } from '@shared/config/schema.ts';
import { describe, expect, it } from 'vitest';
import { clientOfEach, threads } from '../support/threads-cleanup.ts';
import { suffix, type ThreadsKit, whyNot } from '../support/threads-kit.ts';

/** The running configuration with the pool and its first server under these names. */
function named({ config }: ThreadsKit, pool: string, server: string): Config {
  const [listener, was] = [config.listeners[0]!, config.pools[0]!];
  const servers = was.servers.map((each, index) => (index === 0 ? { ...each, name: server } : each));
  const routes = listener.routes.map((route) => ({ ...route, pool }));
  return { ...config, listeners: [{ ...listener, routes }], pools: [{ ...was, name: pool, servers }] };
}

describe.skipIf(whyNot !== null)(`a data plane with several threads${suffix}`, () => {
  it('counts the requests of a server once, whatever its names and its pool’s were since', async () => {
    const kit = await threads({ threads: 2 });
    const each = await clientOfEach(kit, 2);
    for (let sent = 0; sent < 40; sent++) await each[sent % 2]!.get();
    const counted = async (id: string) => {
      const { requests, statusClasses } = (await kit.metrics()).servers[id]!;
      return { requests, statusClasses };
    };
    const before = await counted('api/a');
    expect(before.requests).toBeGreaterThanOrEqual(20);
    const names = [
      ['api', 'z'],
      ['api', 'a'],
      ['other', 'a'],
      ['third', 'y'],
      ['api', 'a'],
    ] as const;
    for (const [pool, server] of names) {
      await kit.client.call('engine.apply', { config: named(kit, pool, server) });
      expect(await counted(`${pool}/${server}`)).toEqual(before);
    }
    // Both threads count on.
    for (let sent = 0; sent < 8; sent++) await each[sent % 2]!.get();
    expect((await counted('api/a')).requests).toBeGreaterThan(before.requests);
  });
});
