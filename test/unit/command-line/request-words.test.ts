import type { Session } from '@shared/contract/session-values.ts';
import { describe, expect, it } from 'vitest';
import { type KnownSession, whyNoRequests } from '../../../main/command-line/request-words.ts';
import { configOf } from '../../support/config-of.ts';

const servers = [{ address: '127.0.0.1:3001' }];
const config = (journalRequests = 2_000) =>
  configOf({
    listeners: [{ name: 'web', bind: '127.0.0.1:8080', pool: 'api' }],
    pools: [
      { name: 'api', affinity: { type: 'cookie' }, servers },
      { name: 'plain', servers },
    ],
    journalRequests,
  });
const session = { pool: 'api', id: 's7' };
const unknown: KnownSession = { bound: undefined, isRemembered: false, elsewhere: undefined };
const bound = { server: 'api/api-1', lastUsedMs: Date.now() } as Session;

describe('why no request was found', () => {
  it('is that the journal is off, before anything else', () => {
    expect(whyNoRequests(config(0), { session }, unknown)).toMatch(/^the journal is off: write journalReq/);
  });

  it.each([
    [{}, 'no request is in the journal yet: each is written down when it has ended'],
    [{ pool: 'api' }, 'no request of pool api is in the journal'],
    [{ server: 'api/a' }, 'no request that was at api/a is in the journal'],
    [{ failed: true }, 'no request failed, as far back as the journal goes'],
    [
      { pool: 'api', server: 'api/a', retried: true },
      'no request of pool api that was at api/a needed a second attempt, as far back as the journal goes',
    ],
    [
      { failed: true, retried: true },
      'no request failed after more than one attempt, as far back as the journal goes',
    ],
  ])('names what was asked for: %j', (asked, expected) => {
    expect(whyNoRequests(config(), asked)).toBe(expected);
  });

  it('tells a session that is not there from one whose requests are no longer kept, and from one of another pool', () => {
    const of = (known: Partial<KnownSession>, place = session, more = {}): string =>
      whyNoRequests(config(), { pool: place.pool, session: place, ...more }, { ...unknown, ...known });
    expect(of({})).toBe(
      'there is no session api/s7, nor is a request of one in the journal: it never was, or ended longer ago than the journal goes back; "ballast sessions" lists those there are',
    );
    expect(of({ bound })).toMatch(
      /^no request of session api\/s7 is in the journal, which keeps the newest 2000 \(journalRequests\) .* bound to api\/api-1, and was last used at \d\d:\d\d:\d\d/,
    );
    expect(of({ elsewhere: 'web' })).toBe(
      'pool api has no session s7: it is of pool web; write --session web/s7',
    );
    expect(of({}, { pool: 'plain', id: 's7' })).toMatch(
      /^pool plain has no affinity, so it has no session s7/,
    );
    expect(of({ bound, isRemembered: true }, session, { failed: true })).toBe(
      'no request of session api/s7 failed, as far back as the journal goes',
    );
  });
});
