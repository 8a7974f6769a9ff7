import type { Outages } from './outages.ts';
import type { ServerProcess } from './server-process.ts';

/** What is done to servers: killed and started again; stopped and continued; made to reset every connection, and back. */
export type HavocKind = 'kill' | 'pause' | 'reset';

export interface Havoc {
  /** What was done, e.g. `kill b`. */
  readonly acts: readonly string[];
  /** Ends it and brings every server back. */
  stop(): Promise<void>;
}

/**
 * Every so often does something to a server picked at random, and undoes it when it meets that server again. At every moment
 * one server at least is up and has been for a moment.
 *
 * @param outages is told from when to when each server failed
 */
export function startHavoc(
  servers: readonly ServerProcess[],
  kind: HavocKind,
  random: () => number,
  { everyMs = 300, outages }: { everyMs?: number; outages?: Outages } = {},
): Havoc {
  const acts: string[] = [];
  /** Not to be used just now, or being brought back. */
  const down = new Set<ServerProcess>();
  const coming = new Set<Promise<void>>();
  const over = new Map<ServerProcess, () => void>();
  let running = true;

  const take = (server: ServerProcess): void => {
    down.add(server);
    acts.push(`${kind} ${server.name}`);
    if (outages) over.set(server, outages.begin(server.name));
    // What dies breaks everything at once; nothing is broken by coming back.
    if (kind === 'kill') over.get(server)?.();
    server.signal(kind === 'kill' ? 'SIGKILL' : kind === 'pause' ? 'SIGSTOP' : 'SIGUSR2');
  };
  const bring = async (server: ServerProcess): Promise<void> => {
    acts.push(`back ${server.name}`);
    if (kind === 'kill') {
      await server.gone();
      await server.start();
    } else server.signal(kind === 'pause' ? 'SIGCONT' : 'SIGUSR2');
    over.get(server)?.();
    down.delete(server);
  };
  const isComing = new Set<ServerProcess>();
  const bringOnce = (server: ServerProcess): void => {
    if (isComing.has(server)) return;
    isComing.add(server);
    const done = bring(server).finally(() => {
      isComing.delete(server);
      coming.delete(done);
    });
    coming.add(done);
  };

  const timer = setInterval(() => {
    if (!running) return;
    const server = servers[Math.floor(random() * servers.length)]!;
    if (down.has(server)) bringOnce(server);
    else if (servers.length - down.size > 1) take(server);
    else {
      const [other] = down;
      if (other) bringOnce(other);
    }
  }, everyMs);

  return {
    acts,
    async stop() {
      running = false;
      clearInterval(timer);
      await Promise.all(coming);
      await Promise.all([...down].map(bring));
    },
  };
}
