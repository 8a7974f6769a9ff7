import { afterEach, expect, it } from 'vitest';
import { whyPortsCannotBeShared } from '../../main/engine/threads/reuse-port.ts';
import { get } from '../support/owner-kit.ts';
import { startThreads, type ThreadsKit } from '../support/threads-kit.ts';

const why = await whyPortsCannotBeShared();
let kit: ThreadsKit | undefined;
afterEach(async () => {
  await kit?.stop();
  kit = undefined;
});

it.skipIf(why !== null)('5/1/1 over two threads is aabacaa', async () => {
  kit = await startThreads({
    threads: 2,
    weights: { a: 5, b: 1, c: 1 },
    pool: { strategy: 'weighted-round-robin' },
  });
  let text = '';
  for (let n = 0; n < 21; n++) text += (await get(kit.url)).body;
  expect(text).toBe('aabacaa'.repeat(3));
  const { requests } = await kit.client.call('request.list', { limit: 100 });
  expect(requests).toHaveLength(21);
});
