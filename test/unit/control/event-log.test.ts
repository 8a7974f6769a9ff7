import { expect, it } from 'vitest';
import { createEventLog } from '../../../main/control/event-log.ts';

const event = (text: string, server: string | null = null) =>
  ({ kind: 'verdict-changed', tone: 'neutral', text, server }) as const;

it('numbers the events of both sides in the order in which they came', () => {
  const log = createEventLog(() => 7);
  log.add({ ...event('of the engine'), atMs: 3 });
  log.add(event('of the owner'));
  const { events } = log.list({ limit: 10 });
  expect(events.map(({ sequence, atMs }) => [sequence, atMs])).toEqual([
    [1, 3],
    [2, 7],
  ]);
});

it('lists the newest of one server, oldest first', () => {
  const log = createEventLog(() => 0);
  for (const [index, server] of ['a', 'b', 'a', 'a', 'b'].entries()) log.add(event(String(index), server));
  expect(log.list({ limit: 2, server: 'a' }).events.map(({ text }) => text)).toEqual(['2', '3']);
});

it('tells how many it no longer keeps, or never saw', () => {
  const log = createEventLog(() => 0);
  for (let index = 0; index < 5_010; index++) log.add(event(String(index)));
  expect(log.list({ limit: 5_000 })).toMatchObject({ forgotten: 10 });
  log.missed(3);
  log.add(event('after the gap'));
  const { events, forgotten } = log.list({ limit: 1 });
  expect(events[0]!.sequence).toBe(5_014);
  expect(forgotten).toBe(14);
});

it('lists what happened in the order of time, whoever told it first', () => {
  const log = createEventLog(() => 40);
  log.add({ ...event('first'), atMs: 10 });
  log.add({ ...event('third', 'a'), atMs: 30 });
  // Another thread of the engine tells a little later.
  log.add({ ...event('second', 'a'), atMs: 20 });
  log.add(event('fourth'));
  log.add(event('at the same time'));
  const texts = (options: Parameters<typeof log.list>[0]) => log.list(options).events.map(({ text }) => text);
  expect(texts({ limit: 9 })).toEqual(['first', 'second', 'third', 'fourth', 'at the same time']);
  expect(texts({ limit: 9, server: 'a' })).toEqual(['second', 'third']);
});
