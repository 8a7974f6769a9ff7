import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { killChild } from './kill-child.ts';
import { freePort } from './raw-sockets.ts';

/** A service in a process of its own, which can be killed as a real one is, and started again where it was. */
export interface ReplicaProcess {
  readonly name: string;
  readonly port: number;
  readonly address: string;
  start(): Promise<void>;
  /** SIGKILL; resolves when the process has ended. */
  kill(): Promise<void>;
}

/** Answers with its name; `/slow?ms=` takes its time. Says `ready` on its output once it listens. */
const program = `
  const [name, port] = process.argv.slice(1);
  require('node:http').createServer((request, response) => {
    const ms = Number(new URL(request.url, 'http://x').searchParams.get('ms') ?? 0);
    if (ms > 0) setTimeout(() => response.end(name), ms);
    else response.end(name);
  }).listen(Number(port), '127.0.0.1', () => process.stdout.write('ready'));
`;

export async function startReplicaProcess(name: string): Promise<ReplicaProcess> {
  const port = await freePort();
  let child: ChildProcess | null = null;
  const replica: ReplicaProcess = {
    name,
    port,
    address: `127.0.0.1:${port}`,
    async start() {
      const started = spawn(process.execPath, ['-e', program, name, String(port)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      child = started;
      await once(started.stdout!, 'data');
    },
    async kill() {
      const ending = child;
      child = null;
      await killChild(ending);
    },
  };
  await replica.start();
  return replica;
}
