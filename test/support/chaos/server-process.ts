import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isRunning, killChild } from '../kill-child.ts';
import { until } from '../until.ts';

const program = fileURLToPath(new URL('./scripted-server.mjs', import.meta.url));

/** What a scripted server wrote down of a request: once or several times, the last entry knows most. */
export interface LogEntry {
  readonly connection: number;
  readonly accepted?: boolean;
  readonly id?: string;
  readonly method?: string;
  readonly bodyBytes?: number;
  readonly complete?: boolean;
  readonly digest?: string | null;
  readonly why?: string;
}

/** A scripted server (see `scripted-server.mjs`) in a process that can be killed, stopped and started again in its place. */
export interface ServerProcess {
  readonly name: string;
  readonly port: number;
  readonly address: string;
  readonly pid: number;
  readonly isAlive: boolean;
  /** Starts it where it was. */
  start(): Promise<void>;
  /** SIGUSR2: from now on it resets every connection that a request comes on; again: no more. */
  signal(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT' | 'SIGUSR2'): void;
  /** Resolves when the process is gone, whoever ended it. */
  gone(): Promise<void>;
  /** Resolves when it is stopped, as by SIGSTOP. */
  stopped(): Promise<void>;
  /** Everything it received, in order, over all its lives. */
  log(): LogEntry[];
  /** What it says of the request; the last entry knows most. Empty where it never came. */
  saw(id: string): readonly LogEntry[];
  close(): Promise<void>;
}

export interface ServerProcessOptions {
  /** What it does to every connection as soon as it is there. */
  readonly onAccept?: 'rst' | 'fin' | 'close' | 'silent' | 'kill' | 'stop';
  /** Writes nothing down: for load. */
  readonly quiet?: boolean;
  readonly backlog?: number;
}

/** @param folder where the log is written; the caller removes it */
export async function startServerProcess(
  name: string,
  folder: string,
  options: ServerProcessOptions = {},
): Promise<ServerProcess> {
  const log = join(folder, `${name}.log`);
  const port = await quietPort();
  let child: ChildProcess | null = null;
  const reader = createLogReader(log);

  const server: ServerProcess = {
    name,
    port,
    address: `127.0.0.1:${port}`,
    get pid() {
      return child?.pid ?? 0;
    },
    get isAlive() {
      return isRunning(child);
    },
    async start() {
      const { quiet = false, ...rest } = options;
      const started = fork(program, [JSON.stringify({ name, port, log: quiet ? null : log, ...rest })], {
        execArgv: [],
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      });
      child = started;
      const failed = once(started, 'exit').then(([code, signal]) => {
        throw new Error(`server ${name} ended with ${code ?? signal} before it listened on ${port}`);
      });
      await Promise.race([once(started, 'message'), failed]);
      failed.catch(() => {});
    },
    signal(signal) {
      if (server.isAlive) child!.kill(signal);
    },
    async gone() {
      await until(`process of ${name} to be gone`, () => !server.isAlive);
    },
    async stopped() {
      await until(`process of ${name} to be stopped`, () => processState(server.pid).startsWith('T'));
    },
    log: () => reader.entries(),
    saw: (id) => reader.of(id),
    async close() {
      const ending = child;
      child = null;
      await killChild(ending);
    },
  };
  await server.start();
  return server;
}

/** Reads on where it stopped, since logs grow long. */
function createLogReader(path: string) {
  const all: LogEntry[] = [];
  const byId = new Map<string, LogEntry[]>();
  let at = 0;
  const read = (): void => {
    if (!existsSync(path)) return;
    const size = statSync(path).size;
    if (size <= at) return;
    const bytes = Buffer.alloc(size - at);
    const file = openSync(path, 'r');
    readSync(file, bytes, 0, bytes.length, at);
    closeSync(file);
    const end = bytes.lastIndexOf(10) + 1;
    at += end;
    for (const line of bytes.toString('utf8', 0, end).split('\n')) {
      if (line === '') continue;
      const entry = JSON.parse(line) as LogEntry;
      all.push(entry);
      if (entry.id === undefined) continue;
      const same = byId.get(entry.id);
      if (same) same.push(entry);
      else byId.set(entry.id, [entry]);
    }
  };
  return {
    entries: (): LogEntry[] => {
      read();
      return all;
    },
    of: (id: string): readonly LogEntry[] => {
      read();
      return byId.get(id) ?? [];
    },
  };
}

function processState(pid: number): string {
  return execFileSync('ps', ['-o', 'state=', '-p', String(pid)], { encoding: 'utf8' }).trim();
}

/** Handed out already, and perhaps not bound just now. */
const taken = new Set<number>();

/**
 * A free port below those that the system gives to outgoing connections (32768 and up on Linux): while a server is down, one
 * of those could take its port, and then it could not come back.
 */
async function quietPort(): Promise<number> {
  for (let tries = 0; tries < 1_000; tries++) {
    const port = 12_000 + Math.floor(Math.random() * 20_000);
    if (taken.has(port) || !(await isFree(port))) continue;
    taken.add(port);
    return port;
  }
  throw new Error('no free port between 12000 and 32000');
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1' }, () => server.close(() => resolve(true)));
  });
}
