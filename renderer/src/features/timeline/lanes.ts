import type { BallastEvent } from '@shared/contract/event-values.ts';

/** Events by server id, oldest first; those about the whole engine (its crash, its return) belong to every server. */
export interface EventsByServer {
  readonly of: (server: string) => readonly BallastEvent[];
  /** The log is complete from here on. */
  readonly knownFromMs: number;
}

export function eventsByServer(entries: readonly BallastEvent[], nowMs: number): EventsByServer {
  const lanes = new Map<string, BallastEvent[]>();
  const engine: BallastEvent[] = [];
  for (const event of entries) {
    if (event.kind === 'engine-crashed' || event.kind === 'engine-restarted') engine.push(event);
    if (event.server === null) continue;
    const lane = lanes.get(event.server);
    if (lane) lane.push(event);
    else lanes.set(event.server, [event]);
  }
  return {
    knownFromMs: entries[0]?.atMs ?? nowMs,
    of(server) {
      const own = lanes.get(server) ?? [];
      return engine.length === 0 ? own : [...own, ...engine].sort((a, b) => a.sequence - b.sequence);
    },
  };
}
