import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { isAlive } from '../is-alive.ts';

/**
 * One instance per data folder, as Electron keeps it: the first listens, the next hands over its command line and is told that it
 * is not the first. `requestSingleInstanceLock` answers at once, so the handing over runs to its end in a process of its own.
 */
export function takeSingleInstanceLock(
  userData: string,
  onSecond: (argv: string[], cwd: string) => void,
): boolean {
  const lock = join(userData, 'instance.json');
  if (existsSync(lock)) {
    const { port, pid } = JSON.parse(readFileSync(lock, 'utf8')) as { port: number; pid: number };
    if (isAlive(pid)) {
      const message = JSON.stringify({ argv: process.argv, cwd: process.cwd() });
      const script = `require('net').connect(${port}, '127.0.0.1').end(process.argv[1])`;
      const { status } = spawnSync(process.execPath, ['-e', script, message], { timeout: 20_000 });
      return status !== 0;
    }
  }
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    let text = '';
    socket.setEncoding('utf8').on('data', (part) => {
      text += part;
    });
    socket.on('end', () => {
      socket.end();
      const { argv, cwd } = JSON.parse(text) as { argv: string[]; cwd: string };
      onSecond(argv, cwd);
    });
  });
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    if (address && typeof address === 'object')
      writeFileSync(lock, JSON.stringify({ port: address.port, pid: process.pid }));
  });
  server.unref();
  return true;
}
