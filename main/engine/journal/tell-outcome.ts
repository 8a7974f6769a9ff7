import type { Exchange } from '../exchange.ts';
import { hasFailed, metFailure } from '../metrics/has-failed.ts';
import type { EventLog } from './event-log.ts';
import { attemptWords } from './words.ts';

const shownTargetLength = 80;

/** Puts on the timeline what a person wants to know of a request: that it failed, or what saved it. */
export function tellOutcome(exchange: Exchange, events: EventLog): void {
  const failed = hasFailed(exchange);
  if (failed ? exchange.error === null : !metFailure(exchange)) return;
  const pool = exchange.pool === null ? null : exchange.pool.name;
  const kind = failed ? 'request-failed' : 'request-retried';
  if (!events.admit(kind, pool, null)) return;
  const last = exchange.decisiveAttempt;
  const server = last === null || last.server === null ? null : last.server;
  const about = { pool, server: server === null ? null : server.id, request: exchange.idText };
  const request = `${exchange.method} ${shorten(exchange.target)}`;
  if (failed) {
    const how = exchange.status === 0 ? 'broke off' : `got ${exchange.status}`;
    events.add(kind, 'bad', `${request} ${how}: ${exchange.error}`, about);
    return;
  }
  const before = exchange.attempts
    .slice(0, exchange.attemptCount)
    .filter((attempt) => attempt !== last && attempt.outcome !== 'cancelled')
    .map((attempt) => `${attempt.server?.name}: ${attemptWords(attempt)}`);
  events.add(
    kind,
    'good',
    `${request} was tried again and served by ${server === null ? 'another server' : server.name} (${before.join('; ')})`,
    about,
  );
}

export function shorten(target: string): string {
  return target.length <= shownTargetLength ? target : `${target.slice(0, shownTargetLength)}…`;
}
