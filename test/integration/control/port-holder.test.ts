import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { configSchema } from '@shared/config/schema.ts';
import { ContractError } from '@shared/contract/errors.ts';
import { afterEach, expect, it } from 'vitest';
import { describeHolder, findPortHolder } from '../../../main/control/port-holder.ts';
import { namePortHolder } from '../../../main/control/port-in-use.ts';
import { freePorts } from '../../../main/workspace/free-ports.ts';

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** A real process that listens, and says on which port. */
function listener(host: string): Promise<{ pid: number; port: number }> {
  const script = `const s = require('node:net').createServer().listen(0, ${JSON.stringify(host)}, () => console.log(s.address().port))`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.stdout!.once('data', (data) => resolve({ pid: child.pid!, port: Number(String(data).trim()) }));
  });
}

it.each(['127.0.0.1', '::1', '0.0.0.0', '::'])('names the process that listens on %s', async (bound) => {
  const { pid, port } = await listener(bound);
  const host = bound === '0.0.0.0' || bound === '::' ? '127.0.0.1' : bound;
  const holder = await findPortHolder({ host, port });
  expect(holder).toMatchObject({ pid, sameUser: true });
  expect(holder?.command).toContain(process.execPath);
  expect(describeHolder(holder!)).toMatch(new RegExp(`^".*" \\(pid ${pid}\\)$`));
});

it('finds nobody at a free port, nor at another address of a taken one', async () => {
  const { port } = await listener('127.0.0.1');
  expect(await findPortHolder({ host: '127.0.0.2', port })).toBeUndefined();
  const [free] = await freePorts(1);
  expect(await findPortHolder({ host: '127.0.0.1', port: free! })).toBeUndefined();
});

it('knows itself', async () => {
  const server = createServer();
  const port = await new Promise<number>((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)),
  );
  const holder = await findPortHolder({ host: '127.0.0.1', port });
  server.close();
  expect(holder?.pid).toBe(process.pid);
  expect(describeHolder(holder!)).toContain('this Ballast');
});

it('says who is in the way of which listener, and what to do', async () => {
  const { pid, port } = await listener('127.0.0.1');
  const [free] = await freePorts(1);
  const config = configSchema.parse({
    listeners: [
      { name: 'admin', bind: `127.0.0.1:${free}`, pool: 'api' },
      { name: 'web', bind: `127.0.0.1:${port}`, pool: 'api' },
    ],
    pools: [{ name: 'api', servers: [{ address: '127.0.0.1:3001' }] }],
  });
  const refused = new ContractError(
    'unavailable',
    `listen EADDRINUSE: address already in use 127.0.0.1:${port}`,
  );
  const told = await namePortHolder(refused, config, []);
  expect(told).toBeInstanceOf(ContractError);
  expect((told as Error).message).toMatch(
    new RegExp(
      `^port ${port} on 127\\.0\\.0\\.1 is held by ".*" \\(pid ${pid}\\); stop it, or write another port for listener web$`,
    ),
  );
});

it('leaves other errors as they are', async () => {
  const config = configSchema.parse({
    listeners: [{ name: 'web', bind: '127.0.0.1:8080', pool: 'api' }],
    pools: [{ name: 'api', servers: [{ address: '127.0.0.1:3001' }] }],
  });
  const error = new ContractError('internal', 'something else');
  expect(await namePortHolder(error, config, [])).toBe(error);
});
