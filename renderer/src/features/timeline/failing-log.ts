import type { ServerStatus } from '@shared/contract/server-values.ts';
import { failingBecause } from '../../store/server-condition.ts';

/** How long a server was said to fail while it served. */
export interface FailingSpan {
  readonly fromMs: number;
  /** Infinite while it lasts. */
  readonly toMs: number;
  readonly text: string;
}

const perServer = 200;

export interface FailingLog {
  /** Looks at what the engine says of its servers now. */
  take(servers: Readonly<Record<string, ServerStatus>>): void;
  /** Oldest first; none touch. */
  of(server: string): readonly FailingSpan[];
}

/**
 * No event tells when a server ceases to fail: the next success does, and those are not told one by one. Its status says so from then
 * on, and the lane keeps what its card said.
 *
 * @param now milliseconds since the epoch
 */
export function createFailingLog(now: () => number = Date.now): FailingLog {
  const known = new Map<string, FailingSpan[]>();
  return {
    take(servers) {
      const nowMs = now();
      for (const [id, spans] of known) {
        const last = spans.at(-1)!;
        const status = servers[id];
        if (last.toMs === Number.POSITIVE_INFINITY && (!status || failingBecause(status) === null))
          spans[spans.length - 1] = { ...last, toMs: nowMs };
      }
      for (const status of Object.values(servers)) {
        const text = failingBecause(status);
        const spans = known.get(status.id) ?? [];
        if (text === null || spans.at(-1)?.toMs === Number.POSITIVE_INFINITY) continue;
        const { notEjected, lastProbe } = status;
        const fromMs = notEjected === null && lastProbe ? lastProbe.atMs : nowMs;
        spans.push({
          fromMs: Math.max(fromMs, spans.at(-1)?.toMs ?? 0),
          toMs: Number.POSITIVE_INFINITY,
          text,
        });
        if (spans.length > perServer) spans.shift();
        known.set(status.id, spans);
      }
    },
    of: (server) => known.get(server) ?? [],
  };
}
