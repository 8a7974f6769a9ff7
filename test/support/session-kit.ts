import type { Exchange } from '../../main/engine/exchange.ts';
import { renderDecision } from '../../main/engine/journal/render-decision.ts';
import type { PoolKit, RequestFrom } from './engine-kit.ts';
import type { manualClock } from './manual-clock.ts';

export type SessionKit = PoolKit<ReturnType<typeof manualClock>>;

/** A request that is answered: what it got, and the sentence of its last decision. @param sets value of the application's cookie in the response */
export function visit(kit: SessionKit, from: RequestFrom = {}, sets?: { value: string; isOver?: boolean }) {
  const exchange = kit.request(from);
  const server = kit.pool.choose(exchange);
  const attempt = exchange.attempts[exchange.attemptCount - 1];
  if (server && attempt && sets) {
    kit.pool.cookieSet(exchange, attempt, { value: sets.value, isOver: sets.isOver ?? false });
  }
  const sentence = attempt?.decision ? renderDecision(attempt.decision, []).sentence : '';
  if (server) kit.end(exchange, 'responded');
  return { exchange, name: server?.name ?? null, sentence };
}

/** Of the pool, as people see them. */
export const sessions = (kit: SessionKit) => kit.pool.sessions.list(() => true, 100).sessions;

/** Texts of the events of a kind. */
export const told = (kit: SessionKit, kind: string) =>
  kit.events
    .read(0, 100)
    .filter((event) => event.kind === kind)
    .map(({ text }) => text);

/** What a client sends back. */
export const cookieOf = (exchange: Exchange): string => exchange.setCookie!.split(';')[0]!;
