import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { bundleWorker } from '../../support/bundle-worker.ts';
import { poolConfig, poolKit, serversNamed } from '../../support/engine-kit.ts';
import type { PickingStart } from '../../support/picking-worker.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const threads = 4;
const picksEach = 7_000;
const additions = 50_000;

let bundle: { path: string; remove(): void };
beforeAll(async () => {
  bundle = await bundleWorker(new URL('../../support/picking-worker.ts', import.meta.url));
});
afterAll(() => bundle.remove());

/** Lets four threads of the operating system pick from one pool at once. Returns the names in the order of the picks. */
async function pickTogether(
  input: Parameters<typeof poolConfig>[0],
): Promise<{ names: string; added: number; active: number[] }> {
  const kit = poolKit(input);
  const { memory } = kit;
  memory.widen(threads + 1);
  const gate = new SharedArrayBuffer(4);
  const picked = new SharedArrayBuffer(threads * picksEach);
  const counted = new SharedArrayBuffer(8);
  const workers = Array.from({ length: threads }, (_, index) => {
    const start: PickingStart = {
      memory: memory.viewOf(index + 1),
      config: poolConfig(input),
      picks: picksEach,
      gate,
      picked,
      counted,
      additions,
    };
    return new Worker(bundle.path, { workerData: start });
  });
  const heard = (what: string) =>
    Promise.all(
      workers.map(
        (worker) =>
          new Promise<void>((resolve, reject) => {
            worker.once('error', reject);
            worker.on('message', (message) => message === what && resolve());
          }),
      ),
    );
  const done = heard('done');
  await heard('ready');
  Atomics.store(new Int32Array(gate), 0, 1);
  Atomics.notify(new Int32Array(gate), 0);
  await done;
  await Promise.all(workers.map((worker) => worker.terminate()));
  const servers = kit.pool.servers.map(({ name }) => name);
  return {
    names: [...new Uint8Array(picked)].map((place) => servers[place - 1] ?? '?').join(''),
    added: new Int32Array(counted)[1]!,
    active: kit.pool.servers.map(({ activeRequests }) => activeRequests),
  };
}

it('four threads that pick at once pick 5/1/1 as one would, and lose no count', async () => {
  const { names, added, active } = await pickTogether({
    servers: serversNamed({ a: 5, b: 1, c: 1 }),
    strategy: 'weighted-round-robin',
    healthCheck: { type: 'none' },
  });
  expect(names).toHaveLength(threads * picksEach);
  for (let at = 0; at < names.length; at += 7) expect([at, names.slice(at, at + 7)]).toEqual([at, 'aabacaa']);
  expect(added).toBe(threads * additions);
  expect(active).toEqual([0, 0, 0]);
});

it('four threads that pick at once take turns by round robin', async () => {
  const { names } = await pickTogether({
    servers: serversNamed({ a: 1, b: 1, c: 1, d: 1 }),
    strategy: 'round-robin',
    healthCheck: { type: 'none' },
  });
  expect(names).toBe('abcd'.repeat(names.length / 4));
});
