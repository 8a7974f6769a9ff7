import { limitKinds, limits } from '@shared/catalog/limits.ts';
import { configJsonSchema } from '@shared/config/json-schema.ts';
import { describe, expect, it } from 'vitest';
import { createEventLog } from '../../../main/engine/journal/event-log.ts';
import { createLimitLog } from '../../../main/engine/metrics/limit-log.ts';
import { manualClock } from '../../support/manual-clock.ts';

function kit() {
  const clock = manualClock();
  const events = createEventLog({ clock, capacity: 100, perSecond: 10 });
  const log = createLimitLog(clock, events);
  return { clock, log, told: () => events.read(0, 100) };
}

describe('limits that are reached', () => {
  it('are counted by kind, listener and pool', () => {
    const { log } = kit();
    log.reached('head-timeout', { listener: 'web' });
    log.reached('head-timeout', { listener: 'web' });
    log.reached('head-timeout', { listener: 'admin' });
    log.reached('queue-length', { pool: 'api' });
    expect(log.read()).toMatchObject([
      { kind: 'head-timeout', listener: 'web', pool: null, count: 2 },
      { kind: 'head-timeout', listener: 'admin', pool: null, count: 1 },
      { kind: 'queue-length', listener: null, pool: 'api', count: 1 },
    ]);
  });

  it('are told at once, then summed up so that a flood does not flood the timeline', async () => {
    const { clock, log, told } = kit();
    for (let i = 0; i < 1_000; i++) log.reached('head-timeout', { listener: 'web' });
    log.tick(clock.now());
    expect(told()).toHaveLength(1);
    expect(told()[0]).toMatchObject({
      kind: 'limit-reached',
      text: 'listener web: a head was not complete in time and got 408 (limits.headTimeout)',
    });
    await clock.advance(5_000);
    log.tick(clock.now());
    expect(told()).toHaveLength(2);
    expect(told()[1]).toMatchObject({ count: 999 });
    await clock.advance(5_000);
    log.tick(clock.now());
    expect(told()).toHaveLength(2);
  });

  it('are told in a sentence that fits a single one too', async () => {
    const { clock, log, told } = kit();
    for (let i = 0; i < 2; i++) log.reached('head-timeout', { listener: 'web' });
    await clock.advance(5_000);
    log.tick(clock.now());
    expect(told()[1]!.text).toBe(
      'listener web: once more within 5 s, a head was not complete in time and got 408 (limits.headTimeout)',
    );
  });

  it('are not told where they are everyday housekeeping', () => {
    const { log, told } = kit();
    log.reached('idle-timeout', { listener: 'web' });
    expect(told()).toHaveLength(0);
    expect(log.read()).toHaveLength(1);
  });
});

/** The keys of one part of the file, with the parts inside. */
function hasKey(schema: unknown, path: readonly string[]): boolean {
  if (path.length === 0) return true;
  if (typeof schema !== 'object' || schema === null) return false;
  const { items, properties, oneOf, anyOf } = schema as Record<string, unknown>;
  if (items) return hasKey(items, path);
  const variants = [...((oneOf as unknown[]) ?? []), ...((anyOf as unknown[]) ?? [])];
  const [first, ...rest] = path;
  const own = (properties as Record<string, unknown> | undefined)?.[first!];
  return (own !== undefined && hasKey(own, rest)) || variants.some((variant) => hasKey(variant, path));
}

it('every limit names a key of ballast.yaml', () => {
  const root = configJsonSchema() as { properties: Record<string, { items: unknown }> };
  const missing = limitKinds.filter((kind) => {
    const { place, key } = limits[kind];
    if (place === 'system') return false;
    return !hasKey(root.properties[`${place}s`]!.items, key.split('.'));
  });
  expect(missing).toEqual([]);
});
