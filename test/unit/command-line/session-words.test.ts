import { expect, it } from 'vitest';
import { moreSessions, whyNoSessions } from '../../../main/command-line/session-words.ts';
import { configOf } from '../../support/config-of.ts';

it('only a limit that is allowed is advised for the sessions that are not shown', () => {
  expect(moreSessions(600, 200)).toBe('400 more; write --limit 600 for all of them');
  expect(moreSessions(1_500, 200)).toBe(
    '1300 more; --limit shows up to 1000; narrow them down with --pool, --server or --search',
  );
  expect(moreSessions(1_500, 1_000)).toBe(
    '500 more; no more than 1000 are shown at once: narrow them down with --pool, --server or --search',
  );
});

it('that none was found is not blamed on a missing affinity where there is one', () => {
  const servers = [{ address: '127.0.0.1:3001' }];
  const { pools } = configOf({
    listeners: [{ name: 'web', bind: '127.0.0.1:8080', pool: 'api' }],
    pools: [
      { name: 'api', affinity: { type: 'cookie' }, servers },
      { name: 'plain', servers },
    ],
  });
  expect(whyNoSessions(pools, { search: 'zzz' })).toMatch(/^no session matches "zzz"/);
  expect(whyNoSessions(pools, { pool: 'api' })).toBe('no client is bound just now in pool api');
  expect(whyNoSessions(pools, { pool: 'plain' })).toMatch(/^no sessions: pool plain has no affinity/);
  expect(whyNoSessions(pools, { pool: 'api', server: 'api/a' })).toBe(
    'no session is bound to api/a just now',
  );
});
