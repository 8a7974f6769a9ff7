import { limitCountText, limitKeyText } from '@shared/catalog/limit-text.ts';
import { limitKinds, limits } from '@shared/catalog/limits.ts';
import { expect, it } from 'vitest';
import { configOf } from '../../support/config-of.ts';

it('a limit that was reached is told with its count', () => {
  expect(limitCountText('max-connections', 1)).toBe('1 client turned away');
  expect(limitCountText('max-connections', 1_203)).toBe('1,203 clients turned away');
  expect(limitCountText('retry-budget', 2)).toBe('2 retries over the budget');
});

it('every limit is told with what it is set to, as it stands in the file', () => {
  const { listeners, pools } = configOf({
    listeners: [{ name: 'web', bind: '127.0.0.1:0', pool: 'api', limits: { maxConnections: 100 } }],
    pools: [{ name: 'api', servers: [{ address: '127.0.0.1:1' }], affinity: { type: 'cookie' } }],
  });
  const places = { listener: listeners[0], pool: pools[0], system: undefined };
  const told = limitKinds.map((kind) => limitKeyText(kind, places[limits[kind].place]));
  expect(told).toContain('limits.maxConnections: 100');
  expect(told).toContain('limits.headTimeout: 10s');
  expect(told).toContain('timeouts.response: 30s');
  expect(told).toContain('affinity.maxSessions: 10000');
  // What the system sets, and what each server has its own of, has no value here.
  expect([...new Set(told.filter((text) => !text.includes(': ')))]).toEqual([
    'ulimit -n',
    'servers.maxRequests',
  ]);
  expect(limitKeyText('head-timeout', undefined)).toBe('limits.headTimeout');
});
