import { describe, expect, it } from 'vitest';
import { arrange } from '../../../main/engine/pool/members.ts';
import { Server } from '../../../main/engine/pool/server.ts';
import { Memory } from '../../../main/engine/threads/memory.ts';
import { poolConfig, serversNamed } from '../../support/engine-kit.ts';

const { servers: named } = poolConfig({ servers: serversNamed({ a: 1 }) });
const config = named[0]!;

/** The same server as two threads know it, and what either makes of it when a configuration has it under another name. */
function twoThreads() {
  const first = new Memory();
  first.widen(2);
  const begin = new Server('api', config, first);
  const second = new Memory(first.viewOf(1));
  const of = [begin, new Server('api', config, second)] as [Server, Server];
  const memories = [first, second] as const;
  return {
    of,
    /** In that thread; the engine's is to be first. */
    rename(thread: 0 | 1, name: string): Server {
      const before = of[thread];
      if (thread === 1) second.adopt(first.viewOf(1));
      const { servers } = arrange(
        'api',
        [before],
        [{ ...config, name }],
        (address) => (address === before.addressText ? before : undefined),
        memories[thread],
      );
      before.forget();
      of[thread] = servers[0]!;
      return of[thread];
    },
  };
}

function answer(server: Server, statuses: number[]): void {
  for (const status of statuses) server.traffic.finish(status, 5);
}

describe('with two threads, a server that gets other names', () => {
  it('has as many requests as before, in every class', () => {
    const { of, rename } = twoThreads();
    answer(of[0], [200, 200, 404]);
    answer(of[1], [200, 503, 0]);
    for (const name of ['b', 'a', 'c']) {
      rename(0, name);
      rename(1, name);
      expect(of[0].traffic.read(), name).toMatchObject({ requests: 6, statusClasses: [0, 3, 0, 1, 1] });
    }
    answer(of[1], [200]);
    expect(of[0].traffic.read()).toMatchObject({ requests: 7, statusClasses: [0, 4, 0, 1, 1] });
  });

  it('counts no less between the one thread and the other, and what the other still counted under the old name', () => {
    const { of, rename } = twoThreads();
    answer(of[0], [200]);
    answer(of[1], [200, 200]);
    rename(0, 'b');
    expect(of[0].traffic.requests).toBe(3);
    answer(of[1], [500]);
    rename(1, 'b');
    expect(of[0].traffic.read()).toMatchObject({ requests: 4, statusClasses: [0, 3, 0, 0, 1] });
  });

  it('keeps what a thread counted that is gone by then', () => {
    const { of, rename } = twoThreads();
    answer(of[1], [200, 200]);
    of[0].forgetThread(1);
    rename(0, 'b');
    rename(0, 'a');
    expect(of[0].traffic.requests).toBe(2);
  });

  it('never has less than nothing in its window', () => {
    const { of, rename } = twoThreads();
    answer(of[0], [200, 200]);
    answer(of[1], [200, 200, 200]);
    rename(0, 'b');
    answer(of[1], [200]);
    rename(1, 'b');
    answer(of[1], [200]);
    for (let slice = 0; slice < 15; slice++) {
      for (const { traffic } of of) traffic.roll();
      expect(of[0].traffic.recentRequests).toBe(slice < 10 ? 1 : 0);
    }
  });

  it('stays what became of it before the other thread heard of its name', () => {
    const { of, rename } = twoThreads();
    Object.assign(of[0], { verdict: 'healthy', failedAttempts: 2 });
    of[0].noteLatency(50, 100, 10_000);
    const renamed = rename(0, 'b');
    expect(renamed).toMatchObject({ verdict: 'healthy', failedAttempts: 2, latencyMs: 50 });
    const since = {
      adminState: 'drain',
      drainUntil: 900,
      verdict: 'unhealthy',
      unreachableAt: 700,
      answersProbes: true,
      failedAttempts: 3,
      slowStartedAt: 650,
    };
    Object.assign(renamed, since);
    renamed.forgetLatency();
    rename(1, 'b');
    expect(of[0]).toMatchObject({ ...since, latencyMs: 0 });
    expect(of[1]).toMatchObject({ ...since, latencyMs: 0 });
  });
});
