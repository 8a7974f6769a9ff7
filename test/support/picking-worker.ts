import { parentPort, workerData } from 'node:worker_threads';
import type { PoolConfig } from '@shared/config/schema.ts';
import { createCookieCodec } from '../../main/engine/affinity/session-cookie.ts';
import { systemClock } from '../../main/engine/clock.ts';
import { Exchange } from '../../main/engine/exchange.ts';
import { createEventLog } from '../../main/engine/journal/event-log.ts';
import { createLimitLog } from '../../main/engine/metrics/limit-log.ts';
import { Names, systemLookup } from '../../main/engine/names.ts';
import { ServerPool } from '../../main/engine/pool/server-pool.ts';
import { Lock } from '../../main/engine/threads/lock.ts';
import { Memory, type MemoryView } from '../../main/engine/threads/memory.ts';

/** What the threads of a picking test are started with. */
export interface PickingStart {
  readonly memory: MemoryView;
  readonly config: PoolConfig;
  readonly picks: number;
  /** Begin when it is 1. */
  readonly gate: SharedArrayBuffer;
  /** By number of the pick: the server's place, from 1. */
  readonly picked: SharedArrayBuffer;
  /** A lock's word, a number that is added to under it without any care, and the additions to make. */
  readonly counted: SharedArrayBuffer;
  readonly additions: number;
}

if (parentPort) run(workerData as PickingStart);

function run({ memory: view, config, picks, gate, picked, counted, additions }: PickingStart): void {
  const memory = new Memory(view);
  const events = createEventLog({ clock: systemClock, capacity: 10, perSecond: 10 });
  const limits = createLimitLog(systemClock, events);
  const codec = createCookieCodec(Buffer.alloc(32, 7));
  const names = new Names(systemClock, systemLookup, null);
  const deps = {
    clock: systemClock,
    random: () => 0.5,
    events,
    limits,
    names,
    codec,
    memory,
    makeRoom() {},
  };
  const pool = new ServerPool(config, deps, () => undefined);
  const places = new Uint8Array(picked);
  const exchange = new Exchange();
  exchange.facts = { clientAddress: '127.0.0.1', target: '/', header: () => null };
  parentPort!.postMessage('ready');
  Atomics.wait(new Int32Array(gate), 0, 0);

  for (let pick = 0; pick < picks; pick++) {
    exchange.attemptCount = 0;
    const server = pool.choose(exchange);
    const attempt = exchange.attempts[0]!;
    places[attempt.decision!.pick - 1] = server!.order + 1;
    attempt.outcome = 'responded';
    attempt.status = 200;
    pool.attemptEnded(exchange, attempt);
  }

  const words = new Int32Array(counted);
  const lock = new Lock(memory, words, 0);
  for (let addition = 0; addition < additions; addition++) {
    lock.acquire();
    words[1] = words[1]! + 1;
    lock.release();
  }
  parentPort!.postMessage('done');
}
