import type { Config } from '@shared/config/schema.ts';
import type { Session } from '@shared/contract/session-values.ts';
import { formatDuration } from '@shared/lib/duration.ts';

export type SessionSort = 'lastUsed' | 'since' | 'expires' | 'hits';

/** Sorted as asked; what is equal keeps the order it came in (most recently used first). */
export function sortSessions(
  sessions: readonly Session[],
  by: SessionSort,
  direction: 'ascending' | 'descending',
): readonly Session[] {
  const value = (session: Session): number =>
    by === 'hits'
      ? session.hits
      : by === 'since'
        ? session.sinceMs
        : by === 'expires'
          ? (session.expiresMs ?? Number.POSITIVE_INFINITY)
          : session.lastUsedMs;
  const sign = direction === 'ascending' ? 1 : -1;
  return [...sessions].sort((a, b) => sign * (value(a) - value(b)));
}

export interface AffinitySummary {
  readonly pool: string;
  readonly type: Session['type'];
  /** Of the cookie or the field, for the kinds that name one. */
  readonly name?: string | undefined;
  /** `cookie`, `cookie JSESSIONID`, `field x-session`, `client address`. */
  readonly by: string;
  /** `30m`. */
  readonly ttl: string;
  readonly maxSessions: number;
}

/** The pools that bind clients to servers. */
export function poolsWithAffinity(config: Pick<Config, 'pools'>): AffinitySummary[] {
  return config.pools.flatMap(({ name, affinity }) =>
    affinity.type === 'none'
      ? []
      : [
          {
            pool: name,
            type: affinity.type,
            name:
              affinity.type === 'header'
                ? affinity.header
                : affinity.type === 'app-cookie'
                  ? affinity.name
                  : undefined,
            by: bindsBy(affinity),
            ttl: formatDuration(affinity.ttlMs),
            maxSessions: affinity.maxSessions,
          },
        ],
  );
}

function bindsBy(affinity: Exclude<Config['pools'][number]['affinity'], { type: 'none' }>): string {
  switch (affinity.type) {
    case 'cookie':
      return 'cookie';
    case 'app-cookie':
      return `cookie ${affinity.name}`;
    case 'header':
      return `field ${affinity.header}`;
    case 'client-ip':
      return 'client address';
  }
}

/** What binds a client, as a sentence without its end, and what curl needs to send it. */
export function bindingRequest({ type, name = '' }: Pick<AffinitySummary, 'type' | 'name'>): {
  readonly text: string;
  readonly options: readonly string[];
} {
  switch (type) {
    case 'cookie':
      return {
        text: 'A client is bound at its first request, by a cookie that it sends with the next ones, as browsers do',
        options: ['-c jar', '-b jar'],
      };
    case 'app-cookie':
      return {
        text: `A client is bound when a response of the application sets its cookie ${name}. Send the request that gets it, and keep cookies`,
        options: ['-c jar', '-b jar'],
      };
    case 'header':
      return {
        text: `A client is bound at its first request with the field ${name}, by its value`,
        // Every request has a host of its own already.
        options: name === 'host' ? [] : [`-H '${name}: anna'`],
      };
    case 'client-ip':
      return { text: 'A client is bound at its first request, by its address', options: [] };
  }
}

/** Why there is no request that would bind a client of a pool. */
export function noWayTo({ listeners }: Pick<Config, 'listeners'>, pool: string): string {
  return listeners.some(({ routes }) => routes.some((route) => route.pool === pool))
    ? 'But no request that is led to its pool would carry the cookie back: look at path, domain and secure of its affinity, and at the routes.'
    : 'No listener leads to its pool.';
}

/** A reason that begins with the name of the server it is about, beside which it stands already. */
export function withoutName(reason: string, serverId: string): string {
  const name = serverId.slice(serverId.indexOf('/') + 1);
  return reason.startsWith(`${name} `) ? reason.slice(name.length + 1) : reason;
}

/** What to write into ballast.yaml to turn affinity on for a pool. */
export function affinityYaml(pool: string): string {
  return `pools:\n  - name: ${pool}\n    affinity: { type: cookie, ttl: 30m }`;
}
