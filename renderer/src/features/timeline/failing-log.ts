import type { BallastEvent } from '@shared/contract/event-values.ts';
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
  /** Looks since when pools have been in panic, which may be longer than this window was open. @param entries oldest first */
  follow(entries: readonly BallastEvent[]): void;
  /** Oldest first; none of a kind overlap. */
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
  /** By pool. */
  let panicBegan: ReadonlyMap<string, number> = new Map();

  /** One that lasts, as far back as is known by now. */
  function reaching(spans: readonly FailingSpan[], last: FailingSpan, server: string): FailingSpan {
    const began = last.isPanic ? panicBegan.get(server.slice(0, server.indexOf('/'))) : undefined;
    return began === undefined ? last : { ...last, fromMs: Math.max(began, spans.at(-2)?.toMs ?? 0) };
  }

  return {
    take(servers) {
      const nowMs = now();
      for (const [id, spans] of known) {
        const last = spans.at(-1)!;
        if (isOpen(last) && failingNow(servers[id])?.isPanic !== last.isPanic)
          spans[spans.length - 1] = { ...reaching(spans, last, id), toMs: nowMs };
      }
      for (const status of Object.values(servers)) {
        const told = failingNow(status);
        const spans = known.get(status.id) ?? [];
        if (told === null || isOpen(spans.at(-1))) continue;
        spans.push({ ...told, fromMs: told.fromMs ?? nowMs, toMs: Number.POSITIVE_INFINITY });
        if (spans.length > perServer) spans.shift();
        known.set(status.id, spans);
      }
    },
    follow(entries) {
      panicBegan = new Map(
        entries.flatMap(({ kind, pool, atMs }) =>
          kind === 'panic-began' && pool !== null ? [[pool, atMs] as const] : [],
        ),
      );
    },
    of(server) {
      const spans = known.get(server) ?? [];
      const last = spans.at(-1);
      return last && isOpen(last) ? [...spans.slice(0, -1), reaching(spans, last, server)] : spans;
    },
  };
}

function isOpen(span: FailingSpan | undefined): boolean {
  return span?.toMs === Number.POSITIVE_INFINITY;
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
