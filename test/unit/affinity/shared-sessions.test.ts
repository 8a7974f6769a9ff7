import { describe, expect, it } from 'vitest';
import type { SessionFacts } from '../../../main/engine/affinity/session-entry.ts';
import { SessionNumbers } from '../../../main/engine/affinity/session-numbers.ts';
import { SessionTable } from '../../../main/engine/affinity/session-table.ts';
import { SharedSessions, sessionCapacity } from '../../../main/engine/affinity/shared-sessions.ts';
import { Lock } from '../../../main/engine/threads/lock.ts';
import { Memory } from '../../../main/engine/threads/memory.ts';
import { seededRandom } from '../../support/random.ts';

const servers = ['a', 'b', 'c'].map((name) => ({ id: `api/${name}`, name }));

const plainTable = () => new SessionTable(new SessionNumbers(new Memory()));

function twoThreads(maxSessions: number): { one: SharedSessions; other: SharedSessions } {
  const memory = new Memory();
  for (const { id } of servers) memory.numberOf(id);
  const capacity = sessionCapacity(maxSessions);
  const table = (own: Memory) =>
    new SharedSessions(own, new Lock(own, new Int32Array(new SharedArrayBuffer(4)), 0), 'sessions', capacity);
  const one = table(memory);
  memory.widen(2);
  return { one, other: table(new Memory(memory.viewOf(1))) };
}

const told = ({
  key,
  handle,
  client,
  server,
  pinned,
  moved,
  moves,
  since,
  lastUsed,
  hits,
}: SessionFacts) => ({
  key,
  handle,
  client,
  server: server.id,
  pinned,
  moved,
  moves: [...moves],
  since,
  lastUsed,
  hits,
});

describe('a table of sessions that two threads share', () => {
  it.each([1, 2, 3])('does what a plain one does, whichever thread does it (seed %i)', (seed) => {
    const random = seededRandom(seed);
    const below = (limit: number): number => Math.floor(random() * limit);
    const plain = plainTable();
    const { one, other } = twoThreads(60);
    const keys = Array.from({ length: 90 }, (_, index) =>
      index % 9 === 0 ? `${'digest'.repeat(8)}${index}` : `10.0.0.${index}`,
    );
    for (let step = 1; step <= 5_000; step++) {
      const shared = random() < 0.5 ? one : other;
      const key = keys[below(keys.length)]!;
      const expected = plain.get(key);
      const found = shared.get(key);
      expect(found && told(found)).toEqual(expected && told(expected));
      const roll = random();
      if (!expected || !found) {
        if (plain.size === 60) {
          if (plain.leastUsed === null) plain.pin(plain.anyPinned()!, false);
          if (shared.leastUsed === null) shared.pin(shared.get(plain.leastUsed!.key)!, false);
          plain.remove(plain.leastUsed!);
          shared.remove(shared.leastUsed!);
        }
        const server = servers[below(3)]!;
        plain.add(key, `client ${step}`, server, step);
        shared.add(key, `client ${step}`, server, step);
      } else if (roll < 0.2) {
        plain.remove(expected);
        shared.remove(found);
        shared.remove(found); // once more does nothing
      } else if (roll < 0.4) {
        const to = servers[below(3)]!;
        const move = { from: expected.server.id, to: to.id, reason: `reason ${step}`, at: step };
        for (const entry of [expected, found]) {
          entry.addMove(move);
          entry.server = to;
          entry.hits += 1;
        }
      } else if (roll < 0.5) {
        const pinned = random() < 0.3;
        plain.pin(expected, pinned);
        shared.pin(found, pinned);
      } else {
        plain.touch(expected, step);
        shared.touch(found, step);
      }
      expect(shared.size).toBe(plain.size);
      expect(shared.pinned).toBe(plain.pinned);
      expect(shared.leastUsed?.handle).toBe(plain.leastUsed?.handle);
      expect(shared.firstBound?.handle).toBe(plain.firstBound?.handle);
      if (step % 500 === 0) one.repair();
    }
    const byUse = (table: Iterable<SessionFacts>) =>
      [...table].map(told).sort((left, right) => right.lastUsed - left.lastUsed);
    const all = byUse(plain);
    expect(byUse(one)).toEqual(all);
    expect(byUse(other)).toEqual(all);
    expect(all.some(({ pinned, moved, moves }) => pinned || (moved > 5 && moves.length === 5))).toBe(true);

    const again = plainTable();
    again.restore([...other]);
    const { one: next } = twoThreads(60);
    next.restore([...plain]);
    expect(byUse(again)).toEqual(all);
    expect(byUse(next)).toEqual(all);
    for (; plain.leastUsed; plain.remove(plain.leastUsed), next.remove(next.leastUsed!)) {
      expect(next.leastUsed?.handle).toBe(plain.leastUsed.handle);
      expect(next.firstBound?.handle).toBe(plain.firstBound?.handle);
    }
  });

  it('leaves sessions with a server that is called otherwise now', () => {
    const { one, other } = twoThreads(3);
    one.add('first', 'c', servers[0]!, 1);
    one.add('second', 'c', servers[1]!, 1);
    other.rename('api/a', servers[2]!);
    expect([...one].map(({ server }) => server.id).sort()).toEqual(['api/b', 'api/c']);
  });

  it('knows a session that has left its slot to another', () => {
    const { one, other } = twoThreads(1);
    const first = one.add('first', 'c', servers[0]!, 1);
    other.remove(other.get('first')!);
    const second = other.add('second', 'c', servers[1]!, 2);
    expect(one.get('first')).toBeUndefined();
    one.remove(first);
    one.touch(first, 3);
    expect(one.get('second')).toMatchObject({ handle: second.handle, lastUsed: 2 });
  });

  it('lets the least recently used one leave rather than break when it is fuller than it should get', () => {
    const { one, other } = twoThreads(3);
    const keys = ['a', 'b', 'c', 'd', 'e', 'f'];
    for (const [now, key] of keys.entries()) (now % 2 === 0 ? one : other).add(key, key, servers[0]!, now);
    expect(one.size).toBe(4);
    expect(keys.filter((key) => one.get(key))).toEqual(['c', 'd', 'e', 'f']);
  });
});
