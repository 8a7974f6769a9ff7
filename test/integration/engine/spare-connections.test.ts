import type { Socket } from 'node:net';
import { expect, it } from 'vitest';
import { restedMs } from '../../../main/engine/descriptors.ts';
import { client, server } from '../../support/lane-cleanup.ts';
import { ok, rawServer } from '../../support/raw-sockets.ts';
import { runEngine } from '../../support/running-engine.ts';
import { until } from '../../support/until.ts';

it.each([1, 2])(
  'where file descriptors are short, the connection to a server that is idle longest makes room: among %i servers',
  async (count) => {
    const waiting = new Map<string, Socket>();
    const made = () =>
      server(rawServer((socket, text) => void waiting.set(/^GET (\S+)/.exec(text)![1]!, socket)));
    const servers = await Promise.all(Array.from({ length: count }, made));
    const { engine, port } = await runEngine(
      {
        servers: servers.map((each) => ({ address: `127.0.0.1:${each.port}` })),
        healthCheck: { type: 'none' },
      },
      // Four are left for connections, once what is kept in reserve is taken off.
      { descriptors: { limit: 100, inUse: 100 - 12 - 4 } },
    );
    const callers = [];
    for (const path of ['/first', '/second']) {
      const caller = await client(port);
      caller.send(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
      await until(`${path} to be there`, () => waiting.has(path));
      callers.push(caller);
    }
    // The one that was made last is idle longest.
    const [first, second] = [waiting.get('/first')!, waiting.get('/second')!];
    second.write(ok('x'));
    await callers[1]!.receives('200 OK');
    const rested = async (ms: number): Promise<void> => {
      const since = performance.now();
      await until(`${ms} ms to pass`, () => performance.now() - since > ms);
    };
    await rested(30);
    first.write(ok('x'));
    await callers[0]!.receives('200 OK');
    // Before that a client would make room.
    await rested(restedMs);
    await client(port);
    await until('one to be closed', () => first.destroyed || second.destroyed);
    expect([first.destroyed, second.destroyed]).toEqual([false, true]);
    expect(engine.metrics().limits).toMatchObject([{ kind: 'descriptors-short', pool: 'api', count: 1 }]);
  },
);
