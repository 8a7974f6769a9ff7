import type { Config } from '@shared/config/schema.ts';

/** Most sessions that one answer may hold. */
export const mostSessions = 1_000;

/** How to see those that `ballast sessions` did not show. @param total that match */
export function moreSessions(total: number, shown: number): string {
  const more = `${total - shown} more; `;
  if (total <= mostSessions) return `${more}write --limit ${total} for all of them`;
  const narrow = 'narrow them down with --pool, --server or --search';
  return shown < mostSessions
    ? `${more}--limit shows up to ${mostSessions}; ${narrow}`
    : `${more}no more than ${mostSessions} are shown at once: ${narrow}`;
}

interface Wanted {
  readonly pool?: string | undefined;
  readonly server?: string | undefined;
  readonly search?: string | undefined;
}

/** Why `ballast sessions` found none: nobody is bound, none matches, or nothing binds. */
export function whyNoSessions(
  pools: readonly Pick<Config['pools'][number], 'name' | 'affinity'>[],
  { pool, server, search }: Wanted,
): string {
  const binding = pools.filter(
    ({ name, affinity }) => affinity.type !== 'none' && (pool === undefined || name === pool),
  );
  if (binding.length === 0) {
    const where = pool === undefined ? 'no pool has affinity' : `pool ${pool} has no affinity`;
    return `no sessions: ${where}; write e.g. affinity: { type: cookie } to bind clients to servers`;
  }
  if (search !== undefined) {
    const at = server !== undefined ? ` bound to ${server}` : pool !== undefined ? ` of pool ${pool}` : '';
    return `no session${at} matches ${JSON.stringify(search)}: it is looked for in clients and ids, and at the beginning of keys`;
  }
  if (server !== undefined) return `no session is bound to ${server} just now`;
  return `no client is bound just now${pool === undefined ? '' : ` in pool ${pool}`}`;
}
