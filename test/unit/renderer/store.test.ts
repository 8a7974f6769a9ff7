import type { ConfigInput } from '@shared/config/schema.ts';
import type { ServerStatus } from '@shared/contract/server-values.ts';
import type { ConfigSnapshot } from '@shared/contract/system-values.ts';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  dropExpectedWeight,
  expectWeight,
  selectAllServerIds,
  selectServerIds,
  selectWeight,
  setConfig,
  useConfig,
} from '../../../renderer/src/store/config.ts';
import { blockedReason } from '../../../renderer/src/store/connection.ts';
import { appendToLog, emptyLog, type LogState } from '../../../renderer/src/store/log.ts';
import { applyChange, keepIdentity } from '../../../renderer/src/store/records.ts';
import { changeServers, useServers } from '../../../renderer/src/store/servers.ts';
import { configOf } from '../../support/config-of.ts';

function snapshot(input: Partial<ConfigInput>, revision = 1): ConfigSnapshot {
  const config = configOf({
    listeners: [{ name: 'web', bind: '127.0.0.1:8080', pool: 'api' }],
    pools: [
      {
        name: 'api',
        servers: [
          { name: 'api-1', address: '127.0.0.1:3001' },
          { name: 'api-2', address: '127.0.0.1:3002' },
        ],
      },
      { name: 'canary', servers: [{ name: 'canary-1', address: '127.0.0.1:3003' }] },
    ],
    ...input,
  });
  return { revision, config, canUndo: false, canRedo: false };
}

const weighted = (weight: number) =>
  snapshot(
    {
      pools: [
        {
          name: 'api',
          servers: [
            { name: 'api-1', address: '127.0.0.1:3001', weight },
            { name: 'api-2', address: '127.0.0.1:3002' },
          ],
        },
        { name: 'canary', servers: [{ name: 'canary-1', address: '127.0.0.1:3003' }] },
      ],
    },
    2,
  );

beforeEach(() => {
  useConfig.setState(useConfig.getInitialState(), true);
  setConfig(snapshot({}));
});

describe('configuration', () => {
  test('servers and pools have records of their own, by id', () => {
    const state = useConfig.getState();
    expect(state.poolNames).toEqual(['api', 'canary']);
    expect(selectServerIds('api')(state)).toEqual(['api/api-1', 'api/api-2']);
    expect(selectAllServerIds(state)).toEqual(['api/api-1', 'api/api-2', 'canary/canary-1']);
    expect(state.servers['api/api-2']).toMatchObject({
      pool: 'api',
      name: 'api-2',
      address: '127.0.0.1:3002',
    });
    expect(selectServerIds('nobody')(state)).toEqual([]);
  });

  test('a change of one server leaves the records of the others as they were', () => {
    const before = useConfig.getState();
    setConfig(weighted(5));
    const after = useConfig.getState();
    expect(after.servers['api/api-1']).not.toBe(before.servers['api/api-1']);
    expect(after.servers['api/api-2']).toBe(before.servers['api/api-2']);
    expect(after.pools.api).toBe(before.pools.api);
    expect(after.poolNames).toBe(before.poolNames);
    expect(after.listeners.web).toBe(before.listeners.web);
  });

  test('ids come from the same list until the servers change', () => {
    const before = selectAllServerIds(useConfig.getState());
    useConfig.setState({ canUndo: true });
    expect(selectAllServerIds(useConfig.getState())).toBe(before);
  });
});

describe('a weight that is not confirmed yet', () => {
  const shown = () => selectWeight('api/api-1')(useConfig.getState());

  test('is shown at once', () => {
    expectWeight('api/api-1', 5);
    expect(shown()).toBe(5);
  });

  test('survives a snapshot that does not know it, and ends with the one that does', () => {
    expectWeight('api/api-1', 5);
    setConfig(weighted(3));
    expect(shown()).toBe(5);
    setConfig(weighted(5));
    expect(useConfig.getState().pendingWeights).toEqual({});
    expect(shown()).toBe(5);
  });

  test('goes back to what is configured when it is refused', () => {
    expectWeight('api/api-1', 5);
    dropExpectedWeight('api/api-1');
    expect(shown()).toBe(1);
  });

  test('is forgotten with its server', () => {
    expectWeight('api/api-1', 5);
    setConfig(
      snapshot({
        pools: [{ name: 'api', servers: [{ name: 'api-9', address: '127.0.0.1:3009' }] }],
      }),
    );
    expect(useConfig.getState().pendingWeights).toEqual({});
  });
});

describe('keyed records', () => {
  const status = (name: string, available = true) => ({ id: `api/${name}`, available }) as ServerStatus;

  test('a snapshot replaces everything, a change only what it names', () => {
    changeServers({
      replace: true,
      set: [
        ['a', status('a')],
        ['b', status('b')],
      ],
      removed: [],
    });
    const before = useServers.getState().servers;
    changeServers({ replace: false, set: [['b', status('b', false)]], removed: [] });
    const after = useServers.getState().servers;
    expect(after.a).toBe(before.a);
    expect(after.b?.available).toBe(false);
    changeServers({ replace: true, set: [['c', status('c')]], removed: [] });
    expect(Object.keys(useServers.getState().servers)).toEqual(['c']);
  });

  test('what is removed is gone', () => {
    expect(applyChange({ a: 1, b: 2 }, { replace: false, set: [['c', 3]], removed: ['a'] })).toEqual({
      b: 2,
      c: 3,
    });
  });

  test('an equal value keeps its identity', () => {
    const before = { deep: [1, 2] };
    expect(keepIdentity(before, { deep: [1, 2] })).toBe(before);
    expect(keepIdentity(before, { deep: [1, 3] })).not.toBe(before);
  });
});

describe('a bounded log', () => {
  const filled = (entries: readonly number[], log: LogState<number> = emptyLog) =>
    appendToLog(log, entries, 0, 5);

  test('keeps the newest and counts what it forgot', () => {
    const log = filled([4, 5, 6, 7], filled([1, 2, 3]));
    expect(log).toEqual({ entries: [3, 4, 5, 6, 7], forgotten: 2 });
  });

  test('a batch larger than the log keeps its own newest', () => {
    expect(filled([1, 2, 3, 4, 5, 6, 7], filled([0]))).toEqual({ entries: [3, 4, 5, 6, 7], forgotten: 3 });
  });

  test('counts what was dropped on the way', () => {
    expect(appendToLog(filled([1]), [2], 40, 5)).toEqual({ entries: [1, 2], forgotten: 40 });
  });
});

describe('why something cannot be done', () => {
  const connected = { phase: 'connected', version: '1', capabilities: ['read'] } as const;

  test('read-only says so, and what to do', () => {
    expect(blockedReason(connected, ['read'], 'edit')).toMatch(/--read-only/);
    expect(blockedReason(connected, ['read', 'edit'], 'edit')).toBeUndefined();
  });

  test('without a connection nothing can be done', () => {
    const lost = { phase: 'lost', reason: 'gone', retryAtMs: 0 } as const;
    expect(blockedReason(lost, ['read', 'operate', 'edit'], 'operate')).toBe('Not connected to Ballast');
  });
});
