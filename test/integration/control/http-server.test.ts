import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '@shared/contract/client.ts';
import { createLogPublisher } from '@shared/contract/log-publisher.ts';
import { serveContract } from '@shared/contract/server.ts';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { websocketChannel } from '../../../main/control/channels/websocket-channel.ts';
import { type ControlServer, startControlServer } from '../../../main/control/http-server.ts';
import { freePorts } from '../../../main/workspace/free-ports.ts';
import { until } from '../../support/until.ts';

let folder: string;
let rendererDir: string;
const running: ControlServer[] = [];
const sockets: WebSocket[] = [];
const logged: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ballast-control-test-'));
  rendererDir = join(folder, 'renderer');
  await mkdir(join(rendererDir, 'assets'), { recursive: true });
  await writeFile(join(folder, 'secret.txt'), 'not for the web');
  await writeFile(join(rendererDir, 'index.html'), '<!doctype html><title>Ballast</title>');
  await writeFile(join(rendererDir, 'assets', 'index-abc123.js'), 'export {};');
  await writeFile(join(rendererDir, 'assets', 'index-abc123.css'), 'body{}');
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate();
  await Promise.all(running.splice(0).map((server) => server.close()));
});

const events = createLogPublisher('events', { capacity: 10 });
async function start(
  options: Partial<Parameters<typeof startControlServer>[0]> = {},
): Promise<ControlServer> {
  const server = await startControlServer({
    owner: {
      serve: (channel, grant) =>
        serveContract(channel, {
          version: '1.0.0',
          grant,
          topics: { events },
          handlers: {
            'event.list': () => ({ events: [], forgotten: 0 }),
            'generator.set': ({ running: on }) => ({
              running: on,
              ratePerSecond: 1,
              url: null,
              sent: 0,
              failed: 0,
            }),
          },
          log: (text) => logged.push(text),
        }),
    },
    rendererDir,
    host: '127.0.0.1',
    port: 0,
    nextFree: false,
    grant: ['read', 'operate', 'edit'],
    log: (text) => logged.push(text),
    ...options,
  });
  running.push(server);
  return server;
}

/** Bytes as written, so that nothing tidies the path or the fields up on their way. */
function raw(port: number, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ port, host: '127.0.0.1' }, () => socket.write(request));
    let answer = '';
    socket.on('data', (data) => {
      answer += data;
    });
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });
}
const get = (port: number, path: string, fields = `host: 127.0.0.1:${port}`) =>
  raw(port, `GET ${path} HTTP/1.1\r\n${fields}\r\nconnection: close\r\n\r\n`);
const statusOf = (answer: string): number => Number(answer.split(' ')[1]);

function open(
  server: ControlServer,
  options: { host?: string; origin?: string; path?: string } = {},
): Promise<WebSocket | number> {
  const { host, origin, path = '/control' } = options;
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}${path}`, {
    headers: { ...(host !== undefined && { host }) },
    ...(origin !== undefined && { origin }),
  });
  sockets.push(socket);
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(socket));
    socket.once('unexpected-response', (_, response) => resolve(response.statusCode ?? 0));
    socket.once('error', reject);
  });
}
async function opened(...args: Parameters<typeof open>): Promise<WebSocket> {
  const socket = await open(...args);
  if (typeof socket === 'number') throw new Error(`turned away with ${socket}`);
  return socket;
}
function closed(socket: WebSocket): Promise<{ code: number; reason: string }> {
  return new Promise((resolve) =>
    socket.once('close', (code, reason) => resolve({ code, reason: String(reason) })),
  );
}

describe('control endpoint: files', () => {
  it('serves the interface with its types, and lets only hashed names be cached', async () => {
    const { port } = await start();
    const page = await get(port, '/');
    expect(page).toContain('<title>Ballast</title>');
    expect(page).toMatch(/content-type: text\/html; charset=utf-8/i);
    expect(page).toMatch(/cache-control: no-store/i);
    expect(await get(port, '/assets/index-abc123.css')).toMatch(/content-type: text\/css/i);
    const script = await get(port, '/assets/index-abc123.js?x=1');
    expect(script).toMatch(/content-type: text\/javascript/i);
    expect(script).toMatch(/cache-control: public, max-age=31536000, immutable/i);
  });

  it('sends the protecting fields with every answer', async () => {
    const { port } = await start();
    for (const answer of [
      await get(port, '/'),
      await get(port, '/nothing'),
      await get(port, '/', 'host: evil.test'),
    ]) {
      expect(answer).toMatch(
        /content-security-policy: default-src 'self'; script-src 'self';.*frame-ancestors 'none'/i,
      );
      expect(answer).toMatch(/x-content-type-options: nosniff/i);
      expect(answer).toMatch(/referrer-policy: no-referrer/i);
      expect(answer).not.toMatch(/access-control-allow/i);
      expect(answer).not.toMatch(/set-cookie/i);
    }
  });

  it.each([
    '/../secret.txt',
    '/assets/../../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/%2e%2e%2fsecret.txt',
    '/..\\secret.txt',
    '//secret.txt',
    '/assets/..%5c..%5csecret.txt',
    '/./../secret.txt',
    'http://127.0.0.1/../secret.txt',
  ])('finds nothing outside its folder at %s', async (path) => {
    const { port } = await start();
    const answer = await get(port, path);
    expect(statusOf(answer)).toBe(404);
    expect(answer).not.toContain('not for the web');
  });

  it('answers HEAD without a body and other methods not at all', async () => {
    const { port } = await start();
    const head = await raw(port, `HEAD / HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nconnection: close\r\n\r\n`);
    expect(statusOf(head)).toBe(200);
    expect(head.split('\r\n\r\n')[1]).toBe('');
    const post = await raw(port, `POST / HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nconnection: close\r\n\r\n`);
    expect(statusOf(post)).toBe(405);
  });

  it('says what to do where the interface was not built', async () => {
    const { port } = await start({ rendererDir: join(folder, 'nowhere') });
    const answer = await get(port, '/');
    expect(statusOf(answer)).toBe(503);
    expect(answer).toContain('npm run build');
  });
});

describe('control endpoint: guards', () => {
  it('answers only to its own names, so that a rebound domain reaches nothing', async () => {
    const { port } = await start();
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`, `LOCALHOST:${port}`]) {
      expect(statusOf(await get(port, '/', `host: ${host}`)), host).toBe(200);
    }
    for (const host of [
      'evil.test',
      `evil.test:${port}`,
      '127.0.0.1',
      `127.0.0.1:${port + 1}`,
      `192.168.0.7:${port}`,
      '',
    ]) {
      expect(statusOf(await get(port, '/', `host: ${host}`)), host).toBe(421);
    }
  });

  it('turns away an upgrade from a foreign origin or for a foreign name', async () => {
    const server = await start();
    const own = `http://127.0.0.1:${server.port}`;
    expect(await open(server, { origin: own })).toBeInstanceOf(WebSocket);
    expect(await open(server)).toBeInstanceOf(WebSocket); // no browser: held to the token alone
    for (const origin of [
      'http://evil.test',
      'null',
      `https://127.0.0.1:${server.port}`,
      `http://127.0.0.1:${server.port + 1}`,
      `http://localhost:${server.port}`,
    ]) {
      expect(await open(server, { origin }), origin).toBe(403);
    }
    expect(
      await open(server, { host: `evil.test:${server.port}`, origin: `http://evil.test:${server.port}` }),
    ).toBe(421);
    expect(await open(server, { path: '/' })).toBe(404);
  });

  it('turns away an unsafe method from a foreign origin before anything else', async () => {
    const { port } = await start();
    const answer = await raw(
      port,
      `POST / HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\norigin: http://evil.test\r\nconnection: close\r\n\r\n`,
    );
    expect(statusOf(answer)).toBe(403);
  });

  it('lets the right token in and nothing else', async () => {
    const server = await start();
    const client = await connect(websocketChannel(await opened(server)), { token: server.token });
    expect(client.capabilities).toEqual(['read', 'operate', 'edit']);
    for (const token of ['', 'x', server.token.slice(1), `${server.token}x`]) {
      await expect(connect(websocketChannel(await opened(server)), { token })).rejects.toThrow(/token/);
    }
    await expect(connect(websocketChannel(await opened(server)))).rejects.toThrow(/token/);
  });

  it('takes the token from the first frame alone, not from query or cookie', async () => {
    const server = await start();
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/control?token=${server.token}`, {
      headers: { cookie: `token=${server.token}`, authorization: `Bearer ${server.token}` },
    });
    sockets.push(socket);
    await new Promise((resolve) => socket.once('open', resolve));
    await expect(connect(websocketChannel(socket))).rejects.toThrow(/token/);
  });

  it('carries the token in the fragment, anew for every run', async () => {
    const [a, b] = [await start(), await start()];
    expect(a.url).toBe(`http://127.0.0.1:${a.port}/#token=${a.token}`);
    expect(a.token).not.toBe(b.token);
    expect(a.token.length).toBeGreaterThanOrEqual(43);
  });

  it('grants a read-only caller looking and no more', async () => {
    const server = await start({ grant: ['read'] });
    const client = await connect(websocketChannel(await opened(server)), { token: server.token });
    await client.call('event.list', {});
    await expect(client.call('generator.set', { running: true })).rejects.toMatchObject({
      code: 'not-allowed',
    });
  });

  it.each([
    ['no JSON', 'hello', 1007],
    ['no frame', '{"type":"shout"}', 1000],
    ['bytes', Buffer.from([1, 2, 3]), 1003],
    ['more than the largest frame', 'x'.repeat(1_048_577), 1009],
  ])('closes the socket that sent %s, and only that', async (_, data, code) => {
    const server = await start();
    const good = await connect(websocketChannel(await opened(server)), { token: server.token });
    const bad = await opened(server);
    bad.send(data);
    expect((await closed(bad)).code).toBe(code);
    expect(await good.call('event.list', {})).toBeDefined();
  });

  it('closes a socket that says no hello', async () => {
    const server = await start();
    expect((await closed(await opened(server))).reason).toBe('no hello came');
  });

  it('has a limit of sockets, and takes the next when one has gone', async () => {
    const server = await start();
    const many = await Promise.all(Array.from({ length: 64 }, () => opened(server)));
    expect(await open(server)).toBe(503);
    many[0]!.terminate();
    await until('a place', async () => (await open(server)) instanceof WebSocket);
  });

  it('survives bytes that are no HTTP', async () => {
    const server = await start();
    await raw(server.port, '\0\0\0 nonsense\r\n\r\n');
    await raw(server.port, 'GET /control HTTP/1.1\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n');
    expect(await open(server)).toBeInstanceOf(WebSocket);
  });
});

describe('control endpoint: its port', () => {
  it('takes the next free one where that is allowed', async () => {
    const [port] = await freePorts(1);
    const first = await start({ port: port! });
    const second = await start({ port: port!, nextFree: true });
    expect(first.port).toBe(port);
    expect(second.port).toBeGreaterThan(first.port);
  });

  it('fails where that one was asked for', async () => {
    const first = await start();
    await expect(start({ port: first.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('ends its sockets when it closes, also one that does not answer', async () => {
    const server = await start();
    const socket = await opened(server);
    await connect(websocketChannel(socket), { token: server.token });
    const mute = connectTcp({ port: server.port, host: '127.0.0.1' });
    mute.on('error', () => {});
    mute.write(
      `GET /control HTTP/1.1\r\nhost: 127.0.0.1:${server.port}\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: ${Buffer.alloc(16).toString('base64')}\r\n\r\n`,
    );
    await new Promise((resolve) => mute.once('data', resolve));
    const ended = closed(socket);
    running.splice(running.indexOf(server), 1);
    await server.close();
    expect((await ended).code).toBe(1001);
    mute.destroy();
  });
});
