import type { BallastEvent } from '@shared/contract/event-values.ts';
import type { ServerStatus } from '@shared/contract/server-values.ts';

const perServer = 400;

export interface ProbeLog {
  /** Looks at what the engine says of its servers now; true where a failed probe is new. */
  take(servers: Readonly<Record<string, ServerStatus>>): boolean;
  /** Forgets servers that the log of events does not reach any more. @param entries oldest first */
  follow(entries: readonly BallastEvent[]): void;
  /** Failed probes that no event tells of, as events, oldest first. */
  readonly events: readonly BallastEvent[];
}

/**
 * The engine tells a failed probe as an event only while it may change the verdict; a server that is out fails probe after
 * probe in silence, so that it cannot drown the log. The lane shows them all the same, as its status tells them.
 */
export function createProbeLog(): ProbeLog {
  const known = new Map<string, BallastEvent[]>();
  let all: readonly BallastEvent[] = [];
  /** Of the oldest event. */
  let knownFromMs = 0;
  const list = (): void => {
    all = [...known.values()].flat().sort((a, b) => a.atMs - b.atMs);
  };
  return {
    get events() {
      return all;
    },
    take(servers) {
      let isNew = false;
      for (const { id, pool, name, verdict, verdictSinceMs, lastProbe } of Object.values(servers)) {
        if (!lastProbe || lastProbe.succeeded || verdict !== 'unhealthy' || lastProbe.atMs <= verdictSinceMs)
          continue;
        const probes = known.get(id) ?? [];
        if (lastProbe.atMs < knownFromMs || (probes.at(-1)?.atMs ?? 0) >= lastProbe.atMs) continue;
        known.set(id, probes);
        probes.push({
          // Not an entry of the log: it has no number there, and takes one that no entry has.
          sequence: -lastProbe.atMs,
          atMs: lastProbe.atMs,
          kind: 'probe-failed',
          text: `A probe of ${name} failed: ${lastProbe.detail}`,
          tone: 'bad',
          pool,
          server: id,
          request: null,
        });
        if (probes.length > perServer) probes.shift();
        isNew = true;
      }
      if (isNew) list();
      return isNew;
    },
    follow(entries) {
      knownFromMs = entries[0]?.atMs ?? 0;
      const { size } = known;
      for (const [id, probes] of known) if (probes.at(-1)!.atMs < knownFromMs) known.delete(id);
      if (known.size < size) list();
    },
  };
}
