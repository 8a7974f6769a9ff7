import type { ConfigInput } from '@shared/config/schema.ts';
import type { Session } from '@shared/contract/session-values.ts';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import {
  affinityYaml,
  poolsWithAffinity,
  sortSessions,
  withoutName,
} from '../../../renderer/src/features/sessions/present-session.ts';
import { formatSpan } from '../../../renderer/src/metrics/format.ts';
import { configOf } from '../../support/config-of.ts';

const session = (id: string, more: Partial<Session> = {}): Session => ({
  id,
  pool: 'api',
  type: 'cookie',
  client: '127.0.0.1',
  server: 'api/api-1',
  key: '#3fA9xK2q',
  pinned: false,
  moved: 0,
  moves: [],
  sinceMs: 0,
  lastUsedMs: 0,
  expiresMs: 0,
  hits: 1,
  ...more,
});

describe('sessions', () => {
  it('are sorted as asked, equal ones in the order they came', () => {
    const list = [session('a', { hits: 2 }), session('b', { hits: 9 }), session('c', { hits: 2 })];
    expect(sortSessions(list, 'hits', 'descending').map(({ id }) => id)).toEqual(['b', 'a', 'c']);
    expect(sortSessions(list, 'hits', 'ascending').map(({ id }) => id)).toEqual(['a', 'c', 'b']);
    expect(list.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
  });

  it('tell spans of time in two units at most', () => {
    expect([-5, 999, 59_999, 60_000, 252_000, 3_599_000, 3_780_000, 187_200_000].map(formatSpan)).toEqual([
      '0 s',
      '0 s',
      '59 s',
      '1 min 00 s',
      '4 min 12 s',
      '59 min 59 s',
      '1 h 03 min',
      '2 d 4 h',
    ]);
  });

  it('are turned on by what the empty screen says to write', () => {
    const written = parse(affinityYaml('api')) as Pick<ConfigInput, 'pools'>;
    const config = configOf({
      listeners: [{ name: 'web', bind: '127.0.0.1:0', pool: 'api' }],
      pools: [{ ...written.pools[0]!, servers: [{ address: '127.0.0.1:3001' }] }],
    });
    expect(poolsWithAffinity(config)).toEqual([
      { pool: 'api', type: 'cookie', by: 'cookie', ttl: '30m', maxSessions: 10_000 },
    ]);
  });

  it('do not name a server twice when they tell why they moved', () => {
    expect(withoutName('api-2 failed (connection refused)', 'api/api-2')).toBe('failed (connection refused)');
    expect(withoutName('api-20 failed', 'api/api-2')).toBe('api-20 failed');
  });

  it('have no pool where none has affinity', () => {
    expect(poolsWithAffinity({ pools: [] })).toEqual([]);
  });
});
