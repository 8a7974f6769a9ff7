import { formatAddress } from '@shared/config/address.ts';
import type { ServerConfig } from '@shared/config/schema.ts';
import type { Memory } from '../threads/memory.ts';
import { Server } from './server.ts';

export interface Arrangement {
  /** In configured order. */
  readonly servers: readonly Server[];
  readonly added: readonly Server[];
  readonly removed: readonly Server[];
  /**
   * By how much the sum of the weights has grown of those that were there before. Turns are counted in weights: with so much more of them
   * everybody is as far ahead or behind as it was, in requests, and the new weights hold from the next pick on.
   */
  readonly turnScale: number;
}

/** Matches a new list of servers with the present ones: name and address make the identity. */
export function arrange(
  pool: string,
  present: readonly Server[],
  wanted: readonly ServerConfig[],
  predecessor: (address: string) => Server | undefined,
  memory: Memory,
): Arrangement {
  const left = new Map(present.map((server) => [server.name, server]));
  const added: Server[] = [];
  let weightsBefore = 0;
  let weightsNow = 0;
  const servers = wanted.map((config, order) => {
    const same = left.get(config.name);
    if (same && same.addressText === formatAddress(config.address)) {
      left.delete(config.name);
      weightsBefore += same.configuredWeight;
      weightsNow += config.weight;
      same.configure(config, order);
      return same;
    }
    const server = new Server(pool, config, memory);
    server.configure(config, order);
    const before = predecessor(server.addressText);
    if (before) {
      inherit(server, before, memory);
      if (memory.thread === 0) server.traffic.inheritOthers(before.traffic);
    }
    added.push(server);
    return server;
  });
  const turnScale = weightsBefore === 0 ? 0 : weightsNow / weightsBefore;
  return { servers, added, removed: [...left.values()], turnScale };
}

/**
 * A server that came from another pool, or has another name, is the same process: what was counted and found out about it still holds.
 * May be done again, as long as it has no requests of its own.
 */
export function inherit(server: Server, before: Server, memory: Memory): void {
  server.drainUntilMs = before.drainUntilMs;
  server.verdictSinceMs = before.verdictSinceMs;
  server.probes.inherit(before.probes);
  server.traffic.inherit(before.traffic);
  // The rest stands in shared cells and may have changed again when the other threads hear of it.
  if (memory.thread !== 0) return;
  server.adminState = before.adminState;
  server.drainUntil = before.drainUntil;
  server.verdict = before.verdict;
  server.unreachableAt = before.unreachableAt;
  server.answersProbes = before.answersProbes;
  server.failedAttempts = before.failedAttempts;
  server.continueLatency(before);
  server.slowStartedAt = before.slowStartedAt;
  server.continueEjection(before);
}
