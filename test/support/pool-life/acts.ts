import { strategyKinds } from '@shared/catalog/strategies.ts';
import type { AdminState } from '@shared/contract/server-values.ts';
import type { PoolInput } from '../config-of.ts';

/** How a server behaves until something else is said of it. */
export const moods = ['well', 'slow', 'refuses', 'breaks', 'hangs', 'errors'] as const;
export type Mood = (typeof moods)[number];

/** One thing that happens to a pool. Plain data: whatever is left out of a sequence, the rest can still be done. */
export type Act =
  | { readonly do: 'request'; readonly client: number; readonly method: string }
  | { readonly do: 'pass'; readonly ms: number }
  /** Killed, broken, or back: by the place of its name, whether it is in the pool just now or not. */
  | { readonly do: 'mood'; readonly server: number; readonly mood: Mood }
  /** `drainMs`: with `drain`, when it is to be empty; 0 for never. */
  | { readonly do: 'admin'; readonly server: number; readonly state: AdminState; readonly drainMs: number }
  | { readonly do: 'end-session'; readonly session: number }
  | { readonly do: 'move-session'; readonly session: number; readonly server: number }
  | { readonly do: 'pin-session'; readonly session: number; readonly pinned: boolean }
  | { readonly do: 'configure'; readonly pool: PoolInput };

/** Names of all servers that ever take part. */
export const serverNames = ['a', 'b', 'c', 'd', 'e', 'f'] as const;

/** Of the first of them; each has one of its own. */
export const firstPort = 3_001;

/** No wait between two attempts is longer. */
export const longestPauseMs = 150;

/** So many things that happen, by chance. The first gives the pool its configuration. */
export function randomActs(count: number, random: () => number): Act[] {
  const below = (limit: number): number => Math.floor(random() * limit);
  const some = <T>(items: readonly T[]): T => items[below(items.length)]!;

  function pool(): PoolInput {
    const names = serverNames.filter(() => random() < 0.7);
    const kind = some(strategyKinds) as string;
    // Every slot counts, and panic opens most of them: what only a queue in panic shows is too rare otherwise.
    const isCrowded = random() < 0.25;
    const input = {
      strategy: kind === 'hash' ? { kind, key: some(['uri', 'client-ip']) } : { kind },
      servers: (names.length === 0 ? ['a'] : names)
        .map((name) => ({
          name,
          address: `127.0.0.1:${firstPort + serverNames.indexOf(name as (typeof serverNames)[number])}`,
          weight: below(5),
          backup: random() < 0.15,
          ...(random() < 0.2 && { priority: below(3) }),
          maxRequests: isCrowded || random() < 0.3 ? 1 + below(isCrowded ? 2 : 3) : 0,
        }))
        .sort(() => random() - 0.5),
      healthCheck:
        random() < 0.5 ? { type: 'none' } : { type: 'tcp', interval: '300ms', timeout: '100ms', fall: 2 },
      affinity: some([
        { type: 'none' },
        { type: 'none' },
        { type: 'none' },
        { type: 'cookie', ttl: '3s' },
        { type: 'cookie', onUnavailable: 'reject' },
        { type: 'client-ip', maxSessions: 3 },
        { type: 'header', header: 'x-session', expiry: 'fixed', ttl: '5s' },
        { type: 'app-cookie', name: 'sid' },
      ]),
      outlierDetection: {
        consecutiveFailures: below(4),
        baseEjection: '500ms',
        maxEjection: '2s',
        failurePercent: some([0, 0, 30, 60]),
        window: '2s',
        minimumRequests: 4,
        latencyFactor: some([0, 0, 2]),
        minimumLatency: '10ms',
        maxEjectedPercent: some([100, 100, 50, 10]),
        ejectLast: random() < 0.25,
      },
      retry: {
        attempts: 1 + below(4),
        on: random() < 0.5 ? [503] : [],
        ...(random() < 0.5 && {
          hedge: { after: some(['4ms', '15ms', '60ms', 'p50', 'p90']), most: 1 + below(3) },
        }),
        ...(random() < 0.4 && { backoff: { base: some(['1ms', '40ms']), max: `${longestPauseMs}ms` } }),
        ...(random() < 0.2 && { budgetPercent: some([0, 50]), budgetMinPerSecond: some([0, 1]) }),
      },
      queue: { length: some([0, 2, 1_000]), timeout: some(['80ms', '2s']) },
      timeouts: {
        response: '150ms',
        attempt: some(['0s', '0s', '30ms', '90ms']),
        request: some(['0s', '0s', '100ms', '400ms']),
      },
      circuitBreaker:
        random() < 0.2 ? { failurePercent: 50, window: '2s', minimumRequests: 5, open: '500ms' } : {},
      panicThreshold: some([0, 0, 50, 100]),
      slowStart: some(['0s', '0s', '2s']),
      maxRequests: some([0, 0, 0, 1, 4]),
    };
    const crowded = {
      affinity: { type: 'none' },
      queue: { length: 1_000, timeout: '2s' },
      circuitBreaker: {},
      panicThreshold: some([50, 100]),
      maxRequests: 0,
    };
    return { ...input, ...(isCrowded && crowded) } as PoolInput;
  }

  function act(): Act {
    const roll = random();
    if (roll < 0.5) return { do: 'request', client: below(8), method: random() < 0.8 ? 'GET' : 'POST' };
    if (roll < 0.75) return { do: 'pass', ms: some([0, 1, 5, 20, 20, 120, 700]) };
    if (roll < 0.86) return { do: 'mood', server: below(serverNames.length), mood: some(['well', ...moods]) };
    if (roll < 0.93) {
      const state = some(['ready', 'ready', 'drain', 'maintenance'] as const);
      return { do: 'admin', server: below(serverNames.length), state, drainMs: some([0, 0, 100, 1_500]) };
    }
    if (roll < 0.94) return { do: 'end-session', session: below(8) };
    if (roll < 0.955) return { do: 'move-session', session: below(8), server: below(serverNames.length) };
    if (roll < 0.965) return { do: 'pin-session', session: below(8), pinned: random() < 0.6 };
    return { do: 'configure', pool: pool() };
  }

  return [{ do: 'configure', pool: pool() }, ...Array.from({ length: count }, act)];
}
