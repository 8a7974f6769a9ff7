import { afterThisTest } from './after-this-test.ts';
import type { PinnedClient, ThreadsKit, ThreadsOptions } from './threads-kit.ts';
import * as kit from './threads-kit.ts';

/** Stopped after the test. */
export async function threads(options: Partial<ThreadsOptions>): Promise<ThreadsKit> {
  const started = await kit.startThreads(options);
  afterThisTest(() => started.stop());
  return started;
}

/** Closed after the test. */
export function pinnedClient(at: Pick<ThreadsKit, 'url'>): PinnedClient {
  const client = kit.pinnedClient(at);
  afterThisTest(() => client.close());
  return client;
}

/** A connection to each of so many threads, in their order, the engine's first; closed after the test. */
export async function clientOfEach(at: Pick<ThreadsKit, 'url'>, count: number): Promise<PinnedClient[]> {
  const clients = await kit.clientOfEach(at, count);
  afterThisTest(() => {
    for (const client of clients) client.close();
  });
  return clients;
}
