import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { afterThisTest } from '../../support/after-this-test.ts';
import { client, lane, server } from '../../support/lane-cleanup.ts';
import { answering, nextTurn, ok, rawServer } from '../../support/raw-sockets.ts';
import { until } from '../../support/until.ts';

const request = 'GET / HTTP/1.1\r\nHost: leaving.test\r\n\r\n';

/** Clients whose connections the system has made and nobody has accepted yet; they send at once. */
async function unaccepted(port: number, count: number): Promise<Promise<string>[]> {
  const answers = Array.from({ length: count }, () => {
    const socket = connect({ host: '127.0.0.1', port });
    afterThisTest(() => socket.destroy());
    socket.write(request);
    let text = '';
    return new Promise<string>((resolve) => {
      socket.setEncoding('latin1').on('data', (more) => {
        text += more;
        if (text.endsWith('answered')) socket.end();
      });
      socket.on('error', (error) => {
        text = String(error);
      });
      socket.on('close', () => resolve(text));
    });
  });
  // Node asks the system for a connection in the next tick, and the system makes one to itself at once.
  await new Promise<void>((resolve) => process.nextTick(resolve));
  return answers;
}

async function nobodyListens(port: number): Promise<void> {
  const isRefused = (): Promise<boolean> =>
    client(port).then(
      (open) => {
        open.close();
        return false;
      },
      () => true,
    );
  await until('nobody to listen', isRefused);
}

describe('a listener that leaves', () => {
  it.each(['retire', 'stop'] as const)(
    'answers who had connected and was not accepted yet (%s)',
    async (how) => {
      const raw = await server(answering(ok('answered')));
      const proxy = await lane({ ports: [raw.port] });
      const answers = await unaccepted(proxy.port, 20);
      const left = proxy.listener[how](10_000);
      for (const text of await Promise.all(answers)) expect(text).toContain('HTTP/1.1 200 ');
      expect(await left).toBe(0);
      await expect(client(proxy.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    },
  );

  it('leaves in the time that is left when it is hastened at once', async () => {
    const raw = await server(rawServer(() => {}));
    const proxy = await lane({ ports: [raw.port] });
    const waiting = await client(proxy.port);
    waiting.send(request);
    await until('the request to arrive', () => raw.received !== '');
    const left = proxy.listener.retire(600_000);
    expect(await proxy.listener.stop(50)).toBe(1);
    expect(await left).toBe(1);
    await waiting.end();
  });

  it('answers the next request of every connection, and says that it is the last', async () => {
    const raw = await server(answering(ok('answered')));
    const proxy = await lane({ ports: [raw.port] });
    const [used, halfway, fresh] = [
      await client(proxy.port),
      await client(proxy.port),
      await client(proxy.port),
    ];
    used.send(request);
    await used.receives('answered');
    halfway.send(request.slice(0, 10));
    await nextTurn();
    const left = proxy.listener.retire(10_000);
    await nobodyListens(proxy.port);
    used.send(request);
    halfway.send(request.slice(10));
    fresh.send(request);
    for (const each of [used, halfway, fresh]) {
      expect(await each.end()).toMatch(/Connection: close\r\n\r\nanswered$/);
      expect(each.errorCode).toBeNull();
      each.close();
    }
    expect(await left).toBe(0);
  });

  it('does not close after a response that had begun before, but after the next', async () => {
    let go = (): void => {};
    const raw = await server(
      rawServer((socket, _text, { index }) => {
        if (index > 0) return;
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf');
        go = () => socket.write('half');
      }),
    );
    const proxy = await lane({ ports: [raw.port] });
    const caller = await client(proxy.port);
    caller.send(request);
    await caller.receives('half');
    const left = proxy.listener.retire(10_000);
    await nobodyListens(proxy.port);
    go();
    await caller.receives('half', 2);
    expect(caller.text).not.toContain('Connection: close');
    caller.send(request);
    await caller.receives('Connection: close');
    go();
    await caller.end();
    expect(caller.text.endsWith('halfhalf')).toBe(true);
    caller.close();
    expect(await left).toBe(0);
  });

  it('is hurried by a stop: what is idle closes at once, and what runs has the time that is said then', async () => {
    const raw = await server(rawServer(() => {}));
    const proxy = await lane({ ports: [raw.port] });
    const [idle, busy] = [await client(proxy.port), await client(proxy.port)];
    busy.send(request);
    await until('the request to reach the server', () => raw.received !== '');
    const left = proxy.listener.retire(60_000);
    await nobodyListens(proxy.port);
    expect(await proxy.listener.stop(30)).toBe(1);
    expect(await left).toBe(1);
    await Promise.all([idle.end(), busy.end()]);
  });
});
