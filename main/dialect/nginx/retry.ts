import { idempotentMethods, retryOutcomes } from '@shared/config/retry-schema.ts';
import type { PoolConfig } from '@shared/config/schema.ts';
import { coversStatus } from '@shared/config/status-ranges.ts';
import type { Notes } from './notes.ts';
import { time } from './words.ts';

/** Statuses that `proxy_next_upstream` knows. */
const retryableStatuses = [403, 404, 429, 500, 502, 503, 504];
const allStatuses = Array.from({ length: 200 }, (_, index) => 400 + index);
/** What `non_idempotent` lets nginx send again. */
const nonIdempotent = ['POST', 'LOCK', 'PATCH'];

/** When nginx tries another server, and what it does otherwise there. */
export function retryLines(pool: PoolConfig, notes: Notes): string[] {
  const { name, retry, servers } = pool;
  tellTimes(pool, notes);
  if (retry.attempts === 1) return ['proxy_next_upstream off;'];
  if (servers.length > 1) {
    notes.lost(
      `Pool ${name}: nginx has no retry budget; when all servers struggle, every request is still tried up to ${retry.attempts} times.`,
    );
  }
  if (servers.length > retry.attempts) {
    notes.differs(
      `Pool ${name}: nginx counts refused connections among its ${retry.attempts} tries; Ballast passes by servers where nobody listens.`,
    );
  }
  const when = [...failures(pool, notes), ...statuses(pool, notes), ...methods(pool, notes)];
  const { requestMs } = pool.timeouts;
  return [
    `proxy_next_upstream ${when.join(' ')};`,
    `proxy_next_upstream_tries ${retry.attempts};`,
    ...(requestMs === 0 ? [] : [`proxy_next_upstream_timeout ${time(requestMs)};`]),
  ];
}

function tellTimes({ name, retry, timeouts }: PoolConfig, notes: Notes): void {
  if (timeouts.attemptMs > 0)
    notes.lost(
      `Pool ${name}: nginx bounds the time between two pieces of what it sends and reads, but no attempt as a whole (timeouts.attempt ${time(timeouts.attemptMs)}).`,
    );
  if (timeouts.requestMs > 0)
    notes.differs(
      `Pool ${name}: after timeouts.request nginx begins no further attempt (proxy_next_upstream_timeout), but lets the one that runs go on; Ballast answers 504.`,
    );
  if (retry.backoff.baseMs > 0)
    notes.lost(`Pool ${name}: nginx does not wait before it tries again (retry.backoff).`);
  if (retry.hedge) notes.lost(`Pool ${name}: nginx sends no request to two servers at once (retry.hedge).`);
}

/** The ways to fail, by nginx's words: `error` is everything up to the response's head, a refused connection as well as a reset. */
function failures({ name, retry }: PoolConfig, notes: Notes): string[] {
  const named = retryOutcomes.filter((outcome) => retry.on.includes(outcome));
  if (named.length === 0) return ['error', 'timeout', 'invalid_header'];
  const words: string[] = [];
  const connects = named.includes('connect-failed');
  const closes = named.includes('closed-before-response');
  if (connects || closes) words.push('error');
  if (connects !== closes) {
    notes.differs(
      `Pool ${name}: nginx does not tell connect-failed from closed-before-response; with error it tries again after both.`,
    );
  }
  if (named.includes('timed-out')) words.push('timeout');
  if (named.includes('failed-mid-response')) words.push('invalid_header');
  return words;
}

function statuses({ name, retry }: PoolConfig, notes: Notes): string[] {
  const known = new Set<number>();
  const unknown: (number | string)[] = [];
  for (const reason of retry.on) {
    // A way to fail is none.
    if (typeof reason === 'string' && !/^\d/.test(reason)) continue;
    const covered = retryableStatuses.filter((status) => coversStatus(reason, status));
    for (const status of covered) known.add(status);
    const all = allStatuses.filter((status) => coversStatus(reason, status));
    if (covered.length < all.length) unknown.push(covered.length === 0 ? reason : `the rest of ${reason}`);
  }
  if (unknown.length > 0) {
    notes.lost(
      `Pool ${name}: nginx cannot retry on status ${unknown.join(', ')} (it knows ${retryableStatuses.join(', ')}).`,
    );
  }
  return [...known].sort().map((status) => `http_${status}`);
}

function methods({ name, retry }: PoolConfig, notes: Notes): string[] {
  const withheld = idempotentMethods.filter((method) => !retry.methods.includes(method));
  if (withheld.length > 0) {
    notes.differs(
      `Pool ${name}: nginx tries every method again but ${nonIdempotent.join(', ')}; Ballast not ${withheld.join(', ')} either (retry.methods).`,
    );
  }
  const added = nonIdempotent.filter((method) => retry.methods.includes(method));
  if (added.length === 0) return [];
  const more = nonIdempotent.filter((method) => !added.includes(method));
  if (more.length > 0) {
    notes.differs(
      `Pool ${name}: with non_idempotent nginx tries ${more.join(' and ')} again too, not only ${added.join(' and ')} (retry.methods).`,
    );
  }
  return ['non_idempotent'];
}
