import type { Config } from '@shared/config/schema.ts';
import type { Session } from '@shared/contract/session-values.ts';
import { clockTime } from './table.ts';

/** What `ballast requests` was asked for, with the names it means. */
export interface AskedRequests {
  readonly pool?: string | undefined;
  /** Server id. */
  readonly server?: string | undefined;
  readonly session?: SessionPlace | undefined;
  readonly failed?: boolean | undefined;
  readonly retried?: boolean | undefined;
}

export interface SessionPlace {
  readonly pool: string;
  readonly id: string;
}

/** What is known of a session that was asked for. */
export interface KnownSession {
  /** As it stands in its pool now. */
  readonly bound: Session | undefined;
  /** The journal has requests of it, whatever else was asked for. */
  readonly isRemembered: boolean;
  /** Another pool that has or had a session of that name. */
  readonly elsewhere: string | undefined;
}

/** Why `ballast requests` found none, and what to do about it. @param known left out where no session was asked for */
export function whyNoRequests(
  { journalRequests, pools }: Pick<Config, 'journalRequests'> & { readonly pools: readonly PoolOfWords[] },
  asked: AskedRequests,
  known?: KnownSession,
): string {
  if (journalRequests === 0)
    return 'the journal is off: write journalRequests: 2000 in the file to keep requests';
  const { session } = asked;
  if (session && known && !known.isRemembered)
    return whyNoneOfSession(session, known, journalRequests, pools);
  const of =
    session !== undefined
      ? ` of session ${session.pool}/${session.id}`
      : asked.pool !== undefined
        ? ` of pool ${asked.pool}`
        : '';
  const at = asked.server === undefined ? '' : ` that was at ${asked.server}`;
  const what = failingOf(asked);
  if (what !== '') return `no request${of}${at} ${what}, as far back as the journal goes`;
  if (of + at === '') return 'no request is in the journal yet: each is written down when it has ended';
  return `no request${of}${at} is in the journal`;
}

type PoolOfWords = Pick<Config['pools'][number], 'name' | 'affinity'>;

function whyNoneOfSession(
  { pool, id }: SessionPlace,
  { bound, elsewhere }: KnownSession,
  journalRequests: number,
  pools: readonly PoolOfWords[],
): string {
  if (bound)
    return `no request of session ${pool}/${id} is in the journal, which keeps the newest ${journalRequests} (journalRequests) since it was turned on or the engine began: it is bound to ${bound.server}, and was last used at ${clockTime(bound.lastUsedMs)}`;
  if (elsewhere !== undefined)
    return `pool ${pool} has no session ${id}: it is of pool ${elsewhere}; write --session ${elsewhere}/${id}`;
  if (pools.some(({ name, affinity }) => name === pool && affinity.type === 'none'))
    return `pool ${pool} has no affinity, so it has no session ${id}; write e.g. affinity: { type: cookie } to bind its clients to servers`;
  return `there is no session ${pool}/${id}, nor is a request of one in the journal: it never was, or ended longer ago than the journal goes back; "ballast sessions" lists those there are`;
}

function failingOf({ failed, retried }: AskedRequests): string {
  if (failed) return retried ? 'failed after more than one attempt' : 'failed';
  return retried ? 'needed a second attempt' : '';
}
