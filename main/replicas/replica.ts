import { type ChildProcess, spawn } from 'node:child_process';
import type { ReplicaStatus } from '@shared/contract/server-values.ts';
import type { Clock } from '../engine/clock.ts';
import { createLastLines } from './last-lines.ts';
import type { ReplicaPlan } from './plan.ts';
import { acceptsConnection } from './probe-port.ts';
import { createProcessGuard } from './process-guard.ts';

/** A process must accept connections this long after its start, or it is said to have failed (it may still come later). */
export const startDeadlineMs = 10_000;
const pollMs = 25;
/** After an exit, output that is still in the pipe is waited for this long. */
const outputGraceMs = 100;

/** One for all: processes end with ours, whoever supervises them. */
const guard = createProcessGuard();

/** One process and its state. `start` and `end` must not overlap: the supervisor calls them one after the other. */
export class Replica {
  readonly plan: ReplicaPlan;
  readonly #clock: Clock;
  readonly #onChange: (status: ReplicaStatus) => void;
  #status: ReplicaStatus;
  #child: ChildProcess | undefined;
  #exited: Promise<void> = Promise.resolve();
  #isAsked = false;

  constructor(plan: ReplicaPlan, clock: Clock, onChange: (status: ReplicaStatus) => void) {
    this.plan = plan;
    this.#clock = clock;
    this.#onChange = onChange;
    this.#status = {
      id: plan.id,
      group: plan.group,
      address: plan.address,
      command: [plan.command.file, ...plan.command.args].join(' '),
      state: 'starting',
      pid: null,
      startedAtMs: null,
      exit: null,
    };
  }

  get status(): ReplicaStatus {
    return this.#status;
  }

  get isAlive(): boolean {
    return this.#child !== undefined;
  }

  /** Starts the process unless it lives. Resolves once it accepts connections, has failed or has exited. */
  async start(): Promise<void> {
    if (this.#child) return;
    this.#isAsked = false;
    this.#set({
      state: 'starting',
      pid: null,
      startedAtMs: this.#clock.epoch(),
      exit: null,
      problem: undefined,
    });
    if (await acceptsConnection(this.plan.address)) {
      this.#fail(
        `${this.plan.address} is taken by another process; stop it, or give this server another port`,
      );
      return;
    }
    if (await this.#spawn()) await this.#ready();
  }

  /** Sends the signal and resolves when the process is gone. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (!this.#child) return;
    this.#isAsked = true;
    this.signal(signal);
    await this.#exited;
  }

  signal(signal: 'SIGTERM' | 'SIGKILL'): void {
    const pid = this.#child?.pid;
    if (pid !== undefined) signalGroup(pid, signal);
  }

  /** False where there is no such program; the status says so. */
  #spawn(): Promise<boolean> {
    const { command, env, cwd, address } = this.plan;
    let child: ChildProcess;
    try {
      child = spawn(command.file, command.args, {
        cwd,
        env: { ...process.env, ...env },
        // The open pipe to its input tells a child that we are gone, however that came about.
        stdio: ['pipe', 'ignore', 'pipe'],
        // A group of its own, so that a wrapper such as npm and what it started end together.
        detached: process.platform !== 'win32',
        windowsHide: true,
      });
    } catch (error) {
      // Most of what the system has against a start is an event; a list of arguments that is too long, say, is thrown.
      this.#fail(
        `it could not be started for ${address}: ${error instanceof Error ? error.message : String(error)}`,
      );
      return Promise.resolve(false);
    }
    if (child.pid !== undefined) guard.add(child.pid);
    const output = createLastLines({ lines: 50, charsPerLine: 2_000 });
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => output.add(chunk));
    // Whoever does not read its input must not end us by closing it.
    child.stdin?.on('error', () => {});
    this.#child = child;
    this.#exited = this.#exitOf(child, output.text);
    return new Promise((resolve) => {
      child.once('spawn', () => {
        this.#set({ pid: child.pid ?? null });
        resolve(true);
      });
      child.on('error', (error: NodeJS.ErrnoException) => {
        if (child.pid !== undefined) return;
        this.#child = undefined;
        this.#fail(
          error.code === 'ENOENT'
            ? `there is no program "${command.file}", or no folder ${cwd}; write the command's full path`
            : `it could not be started for ${address}: ${error.message}`,
        );
        resolve(false);
      });
    });
  }

  #exitOf(child: ChildProcess, output: () => string): Promise<void> {
    return new Promise((resolve) => {
      child.once('error', () => child.pid === undefined && resolve());
      child.once('exit', (code, signal) => {
        const atMs = this.#clock.epoch();
        // What the process started itself must not go on holding the port.
        if (child.pid !== undefined) {
          signalGroup(child.pid, 'SIGKILL');
          guard.remove(child.pid);
        }
        let cancel = (): void => {};
        const told = new Promise<void>((done) => {
          child.once('close', () => done());
          cancel = this.#clock.after(outputGraceMs, done);
        });
        void told.then(() => {
          cancel();
          this.#child = undefined;
          this.#set({
            state: 'exited',
            pid: null,
            problem: undefined,
            exit: { atMs, code, signal, asked: this.#isAsked, output: this.#isAsked ? '' : output() },
          });
          resolve();
        });
      });
    });
  }

  async #ready(): Promise<void> {
    const child = this.#child;
    const deadline = this.#clock.now() + startDeadlineMs;
    while (this.#child === child && child !== undefined) {
      if (await acceptsConnection(this.plan.address)) {
        if (this.#child === child && !this.#isAsked) this.#set({ state: 'running', problem: undefined });
        return;
      }
      if (this.#clock.now() >= deadline) {
        this.#fail(
          `it does not accept connections at ${this.plan.address} after ${startDeadlineMs / 1_000}s; does it listen on the port in its environment?`,
        );
        void this.#lateReady(child);
        return;
      }
      await Promise.race([this.#exited, this.#pause(pollMs)]);
    }
  }

  async #lateReady(child: ChildProcess): Promise<void> {
    while (this.#child === child) {
      await Promise.race([this.#exited, this.#pause(1_000)]);
      if (this.#child !== child || !(await acceptsConnection(this.plan.address))) continue;
      if (this.#child === child) this.#set({ state: 'running', problem: undefined });
      return;
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#clock.after(ms, resolve));
  }

  #fail(problem: string): void {
    this.#set({ state: 'failed', problem });
  }

  #set(change: Partial<ReplicaStatus>): void {
    this.#status = { ...this.#status, ...change };
    this.#onChange(this.#status);
  }
}

function signalGroup(pid: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, signal);
  } catch {
    // Gone already.
  }
}
