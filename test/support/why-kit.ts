import { request as send } from 'node:http';
import type { ConfigInput } from '@shared/config/schema.ts';
import { type RequestDetail, requestDetailSchema } from '@shared/contract/request-values.ts';
import { expect } from 'vitest';
import { whyLines } from '../../main/command-line/why-lines.ts';
import type { Engine } from '../../main/engine/engine.ts';
import { configOf, type PoolInput } from './config-of.ts';
import { fetchText } from './http-client.ts';
import type { Mood, MoodyServer } from './moody-server.ts';
import { freePort } from './raw-sockets.ts';
import { engineOfTest } from './running-engine.ts';
import { until } from './until.ts';

/** Answered only when the test is over. */
export const late: Mood = { afterMs: 20_000 };

export async function run(
  pool: PoolInput,
  listener: Partial<ConfigInput['listeners'][number]> = { pool: 'api' },
) {
  const engine = engineOfTest();
  const [started] = await engine.start(
    configOf({
      listeners: [{ name: 'web', bind: '127.0.0.1:0', ...listener } as ConfigInput['listeners'][number]],
      pools: [{ name: 'api', healthCheck: { type: 'none' }, ...pool }],
    }),
  );
  const { url } = started!;
  return { engine, url, port: Number(new URL(url).port) };
}

/** The request that ended last, as the journal tells it. */
export async function told(engine: Engine): Promise<RequestDetail> {
  await until('the journal to have it', () => engine.journal.list({ limit: 1 }).requests.length > 0);
  const [last] = engine.journal.list({ limit: 1 }).requests;
  return requestDetailSchema.parse(engine.journal.detail(last!.id));
}

/** Its story, with `…` for every time that was measured. */
export async function story(engine: Engine): Promise<string> {
  const lines = whyLines(await told(engine), (_tone, text) => text);
  expect(lines.length).toBeLessThan(25);
  return lines
    .join('\n')
    .replace(/\d+(\.\d+)? m?s\b/g, '…')
    .replace(/\d+ms (ago|in the queue|before)/g, '… $1')
    .replace(/in \d+m?s \(circuitBreaker\)/, 'in … (circuitBreaker)')
    .replace(/at \d\d:\d\d:\d\d\.\d{3} by/, 'at … by')
    .replace(/request \S+$/m, 'request …')
    .replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:PORT');
}

export const get = (url: string, headers = {}) => fetchText(url, { headers });

/** @returns its status */
export function post(url: string, body: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = send(url, { method: 'POST', agent: false }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode!));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

export const member = ({ name, address }: Pick<MoodyServer, 'name' | 'address'>, more = {}) => ({
  name,
  address,
  ...more,
});

/** Nobody listens there. */
export async function gone(name: string): Promise<Pick<MoodyServer, 'name' | 'address'>> {
  return { name, address: `127.0.0.1:${await freePort()}` };
}

export async function unhealthy(engine: Engine, count: number): Promise<void> {
  await until('the verdicts', () => {
    const verdicts = engine.servers().map(({ verdict }) => verdict);
    return !verdicts.includes('unknown') && verdicts.filter((each) => each === 'unhealthy').length === count;
  });
}

/** Begins a request that stays at the server until the test is over. */
export async function occupy(url: string, server: MoodyServer): Promise<void> {
  get(url).catch(() => {});
  await until('the server to have it', () => server.seen === 1);
}
