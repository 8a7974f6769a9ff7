import type { SavedPool, SavedSession } from '@shared/contract/saved-sessions.ts';
import { mostSaved } from '@shared/contract/saved-sessions.ts';
import { beforeEach, expect, it } from 'vitest';
import type { KeptSessions, SessionFile } from '../../../main/control/session-file.ts';
import { createSessionKeeper } from '../../../main/control/session-keeper.ts';
import { manualClock } from '../../support/manual-clock.ts';

/** An engine by its answers, and a file that is a variable. */
function rig() {
  const clock = manualClock();
  const engine = { parts: [] as SavedPool[], restored: [] as unknown[], left: [] as SavedPool[] };
  const disk = { kept: null as KeptSessions | string | null, writes: 0, fails: false };
  const told: string[] = [];
  const file: SessionFile = {
    path: '/state/sessions.json',
    read: () => disk.kept,
    async write(kept) {
      if (disk.fails) throw new Error('no room');
      disk.kept = structuredClone(kept);
      disk.writes += 1;
    },
    remove: () => {
      disk.kept = null;
    },
  };
  const ask = async (name: string, params: unknown): Promise<never> => {
    if (name === 'session.restore') {
      engine.restored.push((params as { saved: unknown }).saved);
      return {} as never;
    }
    if ((params as { isFirst: boolean }).isFirst) engine.left = [...engine.parts];
    return { part: engine.left.shift() ?? null } as never;
  };
  const keeper = createSessionKeeper(
    { clock, log: (_, text) => told.push(text), everyMs: 1_000 },
    ask as never,
  );
  return { clock, engine, disk, told, file, keeper, ask: ask as never };
}

const session = (number: number, more: Partial<SavedSession> = {}): SavedSession => ({
  handle: `s${number}`,
  key: `key ${number}`,
  client: '127.0.0.1',
  server: 'api/a',
  pinned: false,
  moved: 0,
  moves: [],
  sinceMs: number,
  lastUsedMs: number,
  cookieSentMs: number,
  hits: 1,
  ...more,
});
const part = (...sessions: SavedSession[]): SavedPool => ({ pool: 'api', source: 'cookie x', sessions });

let kit: ReturnType<typeof rig>;
beforeEach(() => {
  kit = rig();
});

it('writes the sessions now and then while it is on, and only what has changed', async () => {
  const { keeper, engine, disk, clock, file } = kit;
  engine.parts = [part(session(1)), part(session(2))];
  expect(keeper.open(file, true)).toBeNull();
  await clock.advance(5_000);
  expect(disk.writes).toBe(0); // nothing runs yet: what the last run left must not be written over
  keeper.turn(true);
  await keeper.save();
  expect(disk.kept).toMatchObject({
    sessions: { pools: [{ sessions: [{ handle: 's1' }, { handle: 's2' }] }] },
  });
  const { writes } = disk;
  await clock.advance(10_000);
  expect(disk.writes).toBe(writes);
  engine.parts = [part(session(1), session(2, { hits: 2 }))];
  await clock.advance(1_000);
  await keeper.save();
  expect(disk.writes).toBe(writes + 1);
  keeper.stop();
  expect(clock.pending).toBe(0);
});

it('gives the next run the same key and sessions', async () => {
  const { keeper, engine, file, disk } = kit;
  engine.parts = [part(session(1))];
  keeper.open(file, true);
  keeper.turn(true);
  await keeper.saveLast(kit.ask);
  const next = rig();
  next.disk.kept = disk.kept;
  expect(next.keeper.open(next.file, true)).toBeNull();
  expect(Buffer.from(next.keeper.cookieKey)).toEqual(Buffer.from(keeper.cookieKey));
  await next.keeper.restore(next.ask);
  expect(next.engine.restored).toEqual([{ pools: [part(session(1))] }]);
});

it('begins anew where the file cannot be read, and says why', async () => {
  const { keeper, engine, file, disk } = kit;
  disk.kept = 'it is damaged';
  expect(keeper.open(file, true)).toBe('it is damaged');
  await keeper.restore(kit.ask);
  expect(engine.restored).toEqual([]);
});

it('leaves no file behind where it is off, or turned off', async () => {
  const { keeper, engine, file, disk, clock } = kit;
  disk.kept = 'of another time';
  keeper.open(file, false);
  expect(disk.kept).toBeNull();
  engine.parts = [part(session(1))];
  keeper.turn(true);
  await keeper.save();
  expect(disk.kept).not.toBeNull();
  keeper.turn(false);
  expect(disk.kept).toBeNull();
  await clock.advance(5_000);
  await keeper.save();
  expect(disk.kept).toBeNull();
});

it('keeps the pinned and the most recently used of more than it saves', async () => {
  const { keeper, engine, file, disk } = kit;
  const many = Array.from({ length: mostSaved + 10 }, (_, index) => session(index + 1));
  engine.parts = [part(session(0.5, { handle: 's99999999', pinned: true })), part(...many)];
  keeper.open(file, true);
  keeper.turn(true);
  await keeper.save();
  const [pool] = (disk.kept as KeptSessions).sessions.pools;
  expect(pool!.sessions).toHaveLength(mostSaved);
  expect(pool!.sessions[0]!.handle).toBe('s99999999');
  expect(pool!.sessions.at(-1)!.handle).toBe('s12');
});

it('goes on, and says so, where the file cannot be written', async () => {
  const { keeper, engine, file, disk, told } = kit;
  engine.parts = [part(session(1))];
  disk.fails = true;
  keeper.open(file, true);
  keeper.turn(true);
  await keeper.save();
  expect(told[0]).toBe('sessions were not saved: no room');
  disk.fails = false;
  await keeper.save();
  expect(disk.writes).toBe(1);
});
