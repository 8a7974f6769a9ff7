import type { ServerStatus } from '@shared/contract/server-values.ts';
import { failingBecause } from '../../store/server-condition.ts';

/** How long a server was said to fail while it served. */
export interface FailingSpan {
  readonly fromMs: number;
  /** Infinite while it lasts. */
  readonly toMs: number;
  readonly text: string;
  /** Probes or failures keep it out, and panic lets requests there all the same. */
  readonly isPanic: boolean;
}

const perServer = 200;
const panicBandText = 'Asked all the same: its pool is in panic';

export interface FailingLog {
  /** Looks at what the engine says of its servers now. */
  take(servers: Readonly<Record<string, ServerStatus>>): void;
  /** Oldest first; none overlap. */
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
        if (last.toMs === Number.POSITIVE_INFINITY && failingNow(servers[id])?.isPanic !== last.isPanic)
          spans[spans.length - 1] = { ...last, toMs: nowMs };
      }
      for (const status of Object.values(servers)) {
        const told = failingNow(status);
        const spans = known.get(status.id) ?? [];
        if (told === null || spans.at(-1)?.toMs === Number.POSITIVE_INFINITY) continue;
        const fromMs = Math.max(told.fromMs ?? nowMs, spans.at(-1)?.toMs ?? 0);
        const { text, isPanic } = told;
        spans.push({ fromMs, toMs: Number.POSITIVE_INFINITY, text, isPanic });
        if (spans.length > perServer) spans.shift();
        known.set(status.id, spans);
      }
    },
    of: (server) => known.get(server) ?? [],
  };
}

/** Null where nothing is wrong, or it gets no requests. */
function failingNow(
  status: ServerStatus | undefined,
): (Pick<FailingSpan, 'text' | 'isPanic'> & { fromMs?: number }) | null {
  if (!status) return null;
  const { inPanic, notEjected, lastProbe, verdict } = status;
  if (inPanic) return { text: panicBandText, isPanic: true };
  const text = verdict === 'unhealthy' ? null : failingBecause(status);
  if (text === null) return null;
  return { text, isPanic: false, ...(notEjected === null && lastProbe && { fromMs: lastProbe.atMs }) };
}
