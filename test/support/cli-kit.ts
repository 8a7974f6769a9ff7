import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from './until.ts';

export const builtCli = fileURLToPath(new URL('../../out/main/cli.js', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Standard output, one JSON object per line. */
  // biome-ignore lint/suspicious/noExplicitAny: what a program printed is checked by the test that reads it
  readonly objects: readonly any[];
}

/** A Ballast that runs in a process of its own. */
export interface RunningCli {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly ready: {
    readonly control: string;
    readonly listeners: readonly { name: string; url: string }[];
    readonly notes: readonly string[];
  };
  readonly controlPort: number;
  stdout(): string;
  stderr(): string;
  ended: Promise<Ended>;
}

/** The command line as a person uses it, in a folder and with a state folder of its own. */
export interface CliKit {
  readonly folder: string;
  /** Runs a command to its end. */
  run(...args: string[]): Promise<Ended>;
  /** Starts `up` or `demo` and waits for its ready line. */
  start(...args: string[]): Promise<RunningCli>;
  /** The same in a process that may have only so many files and sockets open. */
  startWithOpenFiles(openFiles: number, ...args: string[]): Promise<RunningCli>;
  /** Starts any command and does not wait. */
  spawn(args: string[], options?: { detached?: boolean }): { child: ChildProcess; ended: Promise<Ended> };
  dispose(): Promise<void>;
}

export function createCliKit(): CliKit {
  const folder = mkdtempSync(join(tmpdir(), 'ballast-cli-test-'));
  const env = { ...process.env, BALLAST_STATE_DIR: join(folder, 'state'), NO_COLOR: '1' };
  const children = new Set<ChildProcess>();

  function launch(args: string[], { detached = false, openFiles = 0 } = {}) {
    const command = [process.execPath, builtCli, ...args];
    const [program, ...rest] =
      openFiles === 0 ? command : ['sh', '-c', `ulimit -n ${openFiles} && exec "$@"`, 'sh', ...command];
    const child = spawn(program!, rest, {
      cwd: folder,
      env,
      detached,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.add(child);
    const said = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said.stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said.stderr += text;
    });
    const ended = new Promise<Ended>((resolve) => {
      child.once('close', (code) => {
        children.delete(child);
        resolve({ code, ...said, objects: objectsOf(said.stdout) });
      });
    });
    return { child, said, ended };
  }

  async function start(args: string[], openFiles = 0): Promise<RunningCli> {
    const { child, said, ended } = launch([...args, '--json', '--no-open'], { detached: true, openFiles });
    const line = await until(
      `ready line of ${args.join(' ')}`,
      () => {
        if (child.exitCode !== null) throw new Error(`it ended: ${said.stdout}${said.stderr}`);
        return said.stdout.includes('\n') && said.stdout.split('\n')[0];
      },
      60_000,
    );
    const ready = JSON.parse(line);
    if (ready.event !== 'ready') throw new Error(`not ready: ${line}`);
    return {
      child,
      pid: child.pid!,
      ready,
      controlPort: Number(new URL(ready.control).port),
      stdout: () => said.stdout,
      stderr: () => said.stderr,
      ended,
    };
  }

  return {
    folder,
    run: (...args) => launch(args).ended,
    spawn: launch,
    start: (...args) => start(args),
    startWithOpenFiles: (openFiles, ...args) => start(args, openFiles),
    async dispose() {
      const ending = [...children].map((child) => new Promise((resolve) => child.once('close', resolve)));
      for (const child of children) child.kill('SIGTERM');
      const stuck = setTimeout(() => {
        for (const child of children) child.kill('SIGKILL');
      }, 15_000);
      await Promise.all(ending);
      clearTimeout(stuck);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function objectsOf(stdout: string): unknown[] {
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
}
