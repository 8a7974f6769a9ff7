import { randomBytes } from 'node:crypto';
import type { CommandParams, CommandResult, EngineCommandName } from '@shared/contract/commands.ts';
import { mostSaved, type SavedPool, type SavedSessions } from '@shared/contract/saved-sessions.ts';
import type { Log } from '@shared/lib/log.ts';
import type { Clock } from '../engine/clock.ts';
import type { SessionFile } from './session-file.ts';

/** A crash loses the sessions, and their moves, of this long at most. */
const saveEveryMs = 30_000;

/** How an engine is asked. */
type Ask = <N extends EngineCommandName>(name: N, params: CommandParams<N>) => Promise<CommandResult<N>>;

/** Keeps the sessions over the end of an engine, and of Ballast, while `persistSessions` is on. */
export interface SessionKeeper {
  /** Sessions are kept. */
  readonly isOn: boolean;
  /** Signs session cookies, in this run and in those that follow it while sessions are kept. */
  readonly cookieKey: Uint8Array;
  /**
   * Reads what the last run left, where it is wanted. To be called once, before an engine runs. Returns what went wrong, in words; null where
   * nothing did. Nothing is written before the first `turn`.
   */
  open(file: SessionFile, wanted: boolean): string | null;
  /** What the running configuration says. */
  turn(isOn: boolean): void;
  /** Tells an engine that has no configuration yet of the sessions it is to go on with. */
  restore(engine: Ask): Promise<void>;
  /** Asks the engine for its sessions and writes them. Resolves also where that fails: the log says why. */
  save(): Promise<void>;
  /** The last engine is about to end, and takes no more requests. */
  saveLast(engine: Ask): Promise<void>;
  stop(): void;
}

/** @param ask how the running engine is asked; rejects while it is away */
export function createSessionKeeper(
  { clock, log, everyMs = saveEveryMs }: { clock: Clock; log: Log; everyMs?: number },
  ask: Ask,
): SessionKeeper {
  let cookieKey: Uint8Array = randomBytes(32);
  let file: SessionFile | undefined;
  let isOn = false;
  let known: SavedSessions = { pools: [] };
  let written = '';
  let saving: Promise<void> = Promise.resolve();
  let cancel: (() => void) | undefined;

  async function save(call: Ask): Promise<void> {
    if (!isOn || !file) return;
    try {
      known = await collect(call);
      const text = JSON.stringify(known);
      // It was turned off meanwhile.
      if (!isOn || text === written) return;
      await file.write({ cookieKey, sessions: known });
      written = text;
    } catch (error) {
      log('warn', `sessions were not saved: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  function soon(): void {
    cancel = clock.after(everyMs, () => {
      saving = saving.then(() => save(ask)).finally(() => cancel && soon());
    });
  }

  return {
    get isOn() {
      return isOn;
    },
    get cookieKey() {
      return cookieKey;
    },
    open(opened, wanted) {
      file = opened;
      soon();
      if (!wanted) {
        file.remove();
        return null;
      }
      const kept = file.read();
      if (kept === null || typeof kept === 'string') return kept;
      cookieKey = kept.cookieKey;
      known = kept.sessions;
      return null;
    },
    turn(turnedOn) {
      if (isOn === turnedOn) return;
      isOn = turnedOn;
      if (isOn) {
        saving = saving.then(() => save(ask));
        return;
      }
      known = { pools: [] };
      written = '';
      file?.remove();
    },
    async restore(engine) {
      if (known.pools.length > 0) await engine('session.restore', { saved: known });
    },
    save() {
      saving = saving.then(() => save(ask));
      return saving;
    },
    async saveLast(engine) {
      await saving;
      await save(engine);
    },
    stop() {
      cancel?.();
      cancel = undefined;
    },
  };
}

/** Page by page, so that no request waits for it. */
async function collect(call: Ask): Promise<SavedSessions> {
  const pools = new Map<string, SavedPool>();
  for (let isFirst = true; ; isFirst = false) {
    const { part } = await call('session.save', { isFirst });
    if (part === null) break;
    const pool = pools.get(part.pool);
    if (pool) pool.sessions.push(...part.sessions);
    else pools.set(part.pool, { ...part, sessions: [...part.sessions] });
  }
  for (const { sessions } of pools.values()) {
    if (sessions.length <= mostSaved) continue;
    sessions.sort(
      (one, other) => Number(other.pinned) - Number(one.pinned) || other.lastUsedMs - one.lastUsedMs,
    );
    sessions.length = mostSaved;
  }
  return { pools: [...pools.values()] };
}
