import type { BallastEvent } from '@shared/contract/event-values.ts';
import type { ServerStatus } from '@shared/contract/server-values.ts';
import { failingBecause } from '../../store/server-condition.ts';

/** How long a server was said to fail while it served, for one reason. */
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
  /**
   * Looks since when pools have been in panic, which may be longer than this window was open. Forgets what lies before the first entry:
   * no lane reaches that far.
   *
   * @param entries oldest first
   */
  follow(entries: readonly BallastEvent[]): void;
  /** Oldest first; none of a kind overlap. */
  of(server: string): readonly FailingSpan[];
}

interface Told {
  spans: FailingSpan[];
  /** When it was last seen not to be asked in panic, before its last span began; -Infinity: it was not looked at before. */
  calmMs: number;
}

/**
 * No event tells when a server ceases to fail: the next success does, and those are not told one by one. Its status says so from then
 * on, and the lane keeps what its card said.
 *
 * @param now milliseconds since the epoch
 */
export function createFailingLog(now: () => number = Date.now): FailingLog {
  const known = new Map<string, Told>();
  /** Of the pools that are in panic, as far as events tell. */
  let panicBegan: ReadonlyMap<string, number> = new Map();
  /** When servers were last looked at. */
  let lookedMs = Number.NEGATIVE_INFINITY;

  /** It was in panic since its pool was, unless it was seen outside it since. */
  function reachBack({ spans, calmMs }: Told, id: string): void {
    const last = spans.at(-1);
    if (!last?.isPanic) return;
    const began = panicBegan.get(id.slice(0, id.indexOf('/')));
    if (began !== undefined && began >= calmMs && began < last.fromMs)
      spans[spans.length - 1] = { ...last, fromMs: began };
  }

  function begin(id: string, { text, isPanic, sinceMs }: Failing, nowMs: number): void {
    const told = known.get(id) ?? { spans: [], calmMs: lookedMs };
    known.set(id, told);
    told.calmMs = lookedMs;
    const beforeMs = told.spans.findLast((span) => span.isPanic === isPanic)?.toMs ?? 0;
    const fromMs = Math.max(beforeMs, sinceMs ?? nowMs);
    told.spans.push({ fromMs, toMs: Number.POSITIVE_INFINITY, text, isPanic });
    if (told.spans.length > perServer) told.spans.shift();
    reachBack(told, id);
  }

  return {
    take(servers) {
      const nowMs = now();
      for (const [id, { spans }] of known) {
        const last = spans.at(-1)!;
        if (isOpen(last) && failingNow(servers[id])?.text !== last.text)
          spans[spans.length - 1] = { ...last, toMs: nowMs };
      }
      let isAny = false;
      for (const status of Object.values(servers)) {
        isAny = true;
        const failing = failingNow(status);
        if (failing && !isOpen(known.get(status.id)?.spans.at(-1))) begin(status.id, failing, nowMs);
      }
      // Where none is told of, as before the first word of the engine, none was seen.
      if (isAny) lookedMs = nowMs;
    },
    follow(entries) {
      panicBegan = panicsOf(entries);
      const knownFromMs = entries[0]?.atMs ?? 0;
      for (const [id, told] of known) {
        told.spans = told.spans.filter(({ toMs }) => toMs > knownFromMs);
        if (told.spans.length === 0) known.delete(id);
        else reachBack(told, id);
      }
    },
    of: (server) => known.get(server)?.spans ?? [],
  };
}

function isOpen(span: FailingSpan | undefined): boolean {
  return span?.toMs === Number.POSITIVE_INFINITY;
}

/** When the panic of each pool that is in one began. An engine that crashes does not tell the end of it. */
function panicsOf(entries: readonly BallastEvent[]): ReadonlyMap<string, number> {
  const began = new Map<string, number>();
  for (const { kind, pool, atMs } of entries) {
    if (kind === 'engine-crashed') began.clear();
    if (pool === null) continue;
    if (kind === 'panic-began') began.set(pool, atMs);
    if (kind === 'panic-ended') began.delete(pool);
  }
  return began;
}

interface Failing extends Pick<FailingSpan, 'text' | 'isPanic'> {
  /** Where that is known better than by when it was said first. */
  readonly sinceMs?: number;
}

/** Null where nothing is wrong, or it gets no requests. */
function failingNow(status: ServerStatus | undefined): Failing | null {
  if (!status) return null;
  const { inPanic, notEjected, lastProbe, verdict } = status;
  if (inPanic) return { text: panicBandText, isPanic: true };
  const text = verdict === 'unhealthy' ? null : failingBecause(status);
  if (text === null) return null;
  return { text, isPanic: false, ...(notEjected === null && lastProbe && { sinceMs: lastProbe.atMs }) };
}
