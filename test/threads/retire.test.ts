import { describe, expect, it } from 'vitest';
import { afterThisTest } from '../support/after-this-test.ts';
import { nextTurn, type RawClient, rawClient } from '../support/raw-sockets.ts';
import { pinnedClient, threads } from '../support/threads-cleanup.ts';
import { suffix, type ThreadsKit, threadOf, whyNot } from '../support/threads-kit.ts';
import { until } from '../support/until.ts';

const request = 'GET / HTTP/1.1\r\nHost: retire.test\r\n\r\n';

/** Kept-alive connections to the thread that was started beside the engine's. */
async function clientsOfSecond(kit: ThreadsKit, count: number): Promise<RawClient[]> {
  const found: RawClient[] = [];
  while (found.length < count) {
    const client = await rawClient(kit.port);
    afterThisTest(() => client.close());
    client.send(request);
    const answer = await client.receives('\r\n\r\n');
    if (threadOf(/x-ballast-request: (\S+)/.exec(answer)![1]!) === 1) found.push(client);
    else client.close();
  }
  return found;
}

/** Until it accepts nothing new. */
async function oneThreadAnswers(kit: ThreadsKit): Promise<void> {
  let inARow = 0;
  await until('the other thread to accept nothing', async () => {
    const client = pinnedClient(kit);
    inARow = threadOf((await client.get()).id) === 0 ? inARow + 1 : 0;
    client.close();
    return inARow === 12;
  });
}

describe.skipIf(whyNot !== null)(`a thread that is not wanted any more${suffix}`, () => {
  it('answers the next request of every connection, and says that it is the last', async () => {
    const kit = await threads({ threads: 2 });
    const clients = await clientsOfSecond(kit, 3);
    const [waiting, halfway, late] = clients;
    halfway!.send(request.slice(0, 25));
    await nextTurn();
    await kit.apply({ threads: 1 });
    await oneThreadAnswers(kit);
    waiting!.send(request);
    halfway!.send(request.slice(25));
    late!.send(`${request.slice(0, 10)}`);
    await nextTurn();
    late!.send(request.slice(10));
    for (const client of clients) {
      const text = await client.end();
      expect(text.split('HTTP/1.1 200 ')).toHaveLength(3);
      expect(text.split('Connection: close')).toHaveLength(2);
      expect(client.errorCode).toBeNull();
    }
    const { requests } = await kit.client.call('request.list', { limit: 100 });
    await until('its last requests to be told', () =>
      requests.every(({ id }) => kit.requests.some((told) => told.id === id)),
    );
  });

  it('closes a connection on which nothing comes after a while, with an end and no reset, and is gone', async () => {
    const kit = await threads({ threads: 2 });
    const [idle] = await clientsOfSecond(kit, 1);
    const began = performance.now();
    await kit.apply({ threads: 1 });
    await idle!.end();
    expect(performance.now() - began).toBeGreaterThan(2_000);
    expect(idle!.errorCode).toBeNull();
    idle!.close();
    await until('nothing to be left of it', async () => {
      const { resources } = await kit.client.call('status.get', {});
      return resources.clientConnections === 0;
    });
  });

  it('fails no request of kept-alive clients while threads come and go', async () => {
    const kit = await threads({ threads: 2 });
    let isRunning = true;
    const answered = new Set<number>();
    const failures: string[] = [];
    const clients = Array.from({ length: 32 }, async () => {
      let client = pinnedClient(kit);
      for (let sent = 1; isRunning; sent++) {
        if (sent % 20 === 0) {
          // Whoever stays connected stays with its thread.
          client.close();
          client = pinnedClient(kit);
        }
        await client.get().then(
          ({ id, status, body }) => {
            answered.add(threadOf(id));
            if (status !== 200) failures.push(`${status} ${body}`);
          },
          (error) => failures.push(String(error)),
        );
      }
    });
    for (const count of [1, 3, 2, 1, 4, 2, 1, 3]) {
      const { requests } = (await kit.metrics()).total;
      await kit.apply({ threads: count });
      await until('some requests', async () => (await kit.metrics()).total.requests > requests + 1_000);
    }
    isRunning = false;
    await Promise.all(clients);
    expect(failures).toEqual([]);
    expect(answered.size).toBeGreaterThan(3);
  });
});
