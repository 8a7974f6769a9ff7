import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { acceptsConnection } from '../../../main/replicas/probe-port.ts';
import { freePorts } from '../../../main/workspace/free-ports.ts';
import { until } from '../../support/until.ts';

const service = join(import.meta.dirname, '../../../resources/demo-service/server.mjs');
let child: ChildProcess;
let url: string;

beforeAll(async () => {
  const [port] = await freePorts(1);
  url = `http://127.0.0.1:${port}`;
  const { BALLAST_REPLICA: _, ...env } = process.env;
  child = spawn(process.execPath, [service], {
    stdio: 'ignore',
    env: { ...env, NAME: 'shop-1', PORT: String(port) },
  });
  await until('it listens', () => acceptsConnection(`127.0.0.1:${port}`));
});
afterAll(() => {
  child.kill('SIGKILL');
});

it('names itself and counts', async () => {
  const first = await (await fetch(url)).json();
  const second = await (await fetch(url)).json();
  expect(first).toMatchObject({ server: 'shop-1', pid: child.pid });
  expect(second.count).toBe(first.count + 1);
  const text = await (await fetch(url, { headers: { accept: 'text/html,*/*' } })).text();
  expect(text).toMatch(/^shop-1 here/);
});

it('answers its health check, slowly, with a status, and with what was posted', async () => {
  expect(await (await fetch(`${url}/health`)).text()).toBe('ok\n');
  const startedAt = performance.now();
  expect((await fetch(`${url}/slow?ms=120`)).status).toBe(200);
  expect(performance.now() - startedAt).toBeGreaterThan(100);
  expect((await fetch(`${url}/status?code=503`)).status).toBe(503);
  expect((await fetch(`${url}/status?code=204`)).status).toBe(204);
  const body = 'x'.repeat(300_000);
  expect(await (await fetch(`${url}/anything`, { method: 'POST', body })).text()).toBe(body);
});

it('sends as many bytes as asked', async () => {
  const answer = await fetch(`${url}/bytes?n=1000001`);
  expect(answer.headers.get('content-length')).toBe('1000001');
  expect((await answer.arrayBuffer()).byteLength).toBe(1_000_001);
});

it('sends events', async () => {
  const answer = await fetch(`${url}/events?ms=10`);
  expect(answer.headers.get('content-type')).toBe('text/event-stream');
  const reader = answer.body!.getReader();
  let text = '';
  while (!text.includes('id: 3')) text += Buffer.from((await reader.read()).value!).toString();
  await reader.cancel();
  expect(text).toContain('data: {"server":"shop-1","number":2}\n\n');
});

it('says WebSocket messages again, small, large and in fragments, and closes when asked', async () => {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`);
  const heard: string[] = [];
  let pongs = 0;
  socket.on('message', (data) => heard.push(data.toString()));
  socket.on('pong', () => pongs++);
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  const large = 'y'.repeat(70_000);
  socket.send('hello');
  socket.send('z'.repeat(200));
  socket.send(large);
  socket.send('part one, ', { fin: false });
  socket.send('part two');
  socket.ping('x');
  await until('all is heard', () => heard.length === 4 && pongs === 1);
  expect(heard).toEqual(['hello', 'z'.repeat(200), large, 'part one, part two']);
  const code = new Promise((resolve) => socket.once('close', resolve));
  socket.close(4001);
  expect(await code).toBe(4001);
});

it('refuses an upgrade that is no WebSocket', async () => {
  const { connect } = await import('node:net');
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write('GET /ws HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n');
  const answer = await new Promise<string>((resolve) =>
    socket.once('data', (data) => resolve(data.toString())),
  );
  socket.destroy();
  expect(answer).toMatch(/^HTTP\/1.1 400 /);
});
