/** What was closed sooner than this was not closed for being idle: a server that closes behind its answer, or dies, does that. */
const soonestMs = 10;
/**
 * Half of two seconds, which is the shortest that a common server keeps idle connections for by default (gunicorn's). More would
 * save little: a connection idle this long is the one used last, so at most about one a second is opened that need not be.
 */
const mostTrustedMs = 1_000;
/** What was seen counts for this long, and up to twice as long. */
const rememberedMs = 60_000;
const never = Number.POSITIVE_INFINITY;

/** How long a connection may have been idle to be trusted, with a server that closes idle ones after `closesAfterMs`. */
export function trustedIdleMs(closesAfterMs: number): number {
  return Math.min(Math.max(closesAfterMs / 2, soonestMs), mostTrustedMs);
}

/**
 * What a server has shown of how long it keeps an idle connection. A request that may go out only once keeps well away from
 * that moment: a close that crosses it on the way can be told from a failure by nobody, and costs it its answer.
 */
export class KeepAliveRecord {
  /** The shortest times after which it closed one: of the present minute, and of the one before. */
  #shortestMs = never;
  #shortestBeforeMs = never;
  /** Clock's `now()` at the beginning of the present minute. */
  #since = 0;

  /** It closed one by itself. */
  closed(idleMs: number, now: number): void {
    if (idleMs < soonestMs) return;
    this.#turn(now);
    if (idleMs < this.#shortestMs) this.#shortestMs = idleMs;
  }

  /** Nobody listens there any more: what closed its connections was its end. */
  serverGone(): void {
    this.#shortestMs = never;
    this.#shortestBeforeMs = never;
  }

  /** Milliseconds up to which an idle connection is trusted just now. */
  trustedMs(now: number): number {
    this.#turn(now);
    return trustedIdleMs(Math.min(this.#shortestMs, this.#shortestBeforeMs));
  }

  #turn(now: number): void {
    const elapsedMs = now - this.#since;
    if (elapsedMs < rememberedMs) return;
    this.#shortestBeforeMs = elapsedMs < 2 * rememberedMs ? this.#shortestMs : never;
    this.#shortestMs = never;
    this.#since = now;
  }
}
