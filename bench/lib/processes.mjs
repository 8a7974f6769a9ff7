// Everything the benchmark starts, and how it ends: by process id, on every way out.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findProgram } from '../../scripts/lib/find-program.mjs';

/** @typedef {import('node:child_process').ChildProcess} ChildProcess */
/** @typedef {{ cores?: string, env?: Record<string, string>, stdout?: 'pipe' | 'ignore' }} StartOptions */

/** Most sockets that 10,000 connections through a proxy need in one process, with room. */
export const neededFiles = 32_768;

/** The limit of open files that started processes get: raised where that is allowed, else the hard limit. */
export function fileLimit() {
  const hard = /^Max open files\s+\S+\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
  const allowed = hard === 'unlimited' ? Number.POSITIVE_INFINITY : Number(hard);
  const prlimit = findProgram('prlimit');
  if (allowed >= neededFiles || prlimit === undefined) return Math.min(allowed, neededFiles);
  const raised = spawnSync(prlimit, [`--nofile=${neededFiles}:${neededFiles}`, 'true']).status === 0;
  return raised ? neededFiles : allowed;
}

/** Everything one run starts. */
export class Processes {
  /** @type {Set<ChildProcess>} */
  #children = new Set();
  #isOver = false;
  /** Temporary files of this run. */
  folder = mkdtempSync(join(tmpdir(), 'ballast-bench-'));
  /** Programs that pin, raise limits, and end a child with its parent, where they are installed (util-linux). */
  #prefix;
  #canPin = findProgram('taskset') !== undefined;

  constructor() {
    const nofile = fileLimit();
    const setpriv = findProgram('setpriv');
    const prlimit = findProgram('prlimit');
    const knowsDeathSignal =
      setpriv !== undefined && spawnSync(setpriv, ['--pdeathsig', 'TERM', 'true']).status === 0;
    this.#prefix = [
      ...(knowsDeathSignal ? [setpriv, '--pdeathsig', 'TERM'] : []),
      ...(prlimit ? [prlimit, `--nofile=${nofile}:${nofile}`] : []),
    ];
  }

  /** True when a child can be bound to a core. */
  get canPin() {
    return this.#canPin;
  }

  /**
   * @param {string} command
   * @param {string[]} args
   * @param {StartOptions} [options]
   */
  start(command, args, { cores, env, stdout = 'ignore' } = {}) {
    // Whoever is still starting something while all is being ended must not leave it behind.
    if (this.#isOver) throw new Error('the run has ended');
    const pin = cores !== undefined && this.#canPin ? ['taskset', '-c', cores] : [];
    const [first, ...rest] = [...this.#prefix, ...pin, command, ...args];
    const child = spawn(/** @type {string} */ (first), rest, {
      stdio: ['pipe', stdout, 'pipe'],
      env: { ...process.env, ...env },
    });
    this.#children.add(child);
    /** What it complained of, for whoever has to say why it failed. */
    let complaint = '';
    child.stderr?.setEncoding('utf8').on('data', (text) => {
      complaint = (complaint + text).slice(-2_000);
    });
    child.stdin?.on('error', () => {});
    child.on('error', (error) => {
      complaint += error.message;
    });
    child.on('close', () => this.#children.delete(child));
    return Object.assign(child, { complaint: () => complaint.trim().split('\n').at(-1) ?? '' });
  }

  /**
   * Ends a child and waits until it is gone: SIGTERM, and two seconds later SIGKILL.
   * @param {ChildProcess} child
   */
  async end(child) {
    if (!this.#children.has(child)) return;
    const closed = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGTERM');
    const force = setTimeout(() => child.kill('SIGKILL'), 2_000);
    await closed;
    clearTimeout(force);
  }

  /** Ends all of them and removes the temporary files. */
  async endAll() {
    this.#isOver = true;
    await Promise.all([...this.#children].map((child) => this.end(child)));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A port of the loopback interface that nothing listens on. @returns {Promise<number>} */
export function freePort() {
  return new Promise((resolve, reject) => {
    const probe = net.createServer().on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = /** @type {net.AddressInfo} */ (probe.address());
      probe.close(() => resolve(port));
    });
  });
}

/**
 * Waits until something listens there.
 * @param {number} port
 * @param {ReturnType<Processes['start']>} child that shall listen; its end is a failure
 */
export async function listening(port, child) {
  const deadline = performance.now() + 20_000;
  while (performance.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`ended before it listened: ${child.complaint() || child.exitCode}`);
    if (await accepts(port)) return;
    await sleep(20);
  }
  throw new Error(`does not listen on port ${port}: ${child.complaint()}`);
}

/**
 * @param {number} port
 * @returns {Promise<boolean>}
 */
function accepts(port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/**
 * The first line that a started process prints, as JSON.
 * @param {ReturnType<Processes['start']>} child started with `stdout: 'pipe'`
 * @returns {Promise<any>}
 */
export function nextLine(child) {
  return new Promise((resolve, reject) => {
    let text = '';
    const stdout = /** @type {import('node:stream').Readable} */ (child.stdout).setEncoding('utf8');
    const take = (/** @type {string} */ piece) => {
      text += piece;
      if (!text.includes('\n')) return;
      done();
      resolve(JSON.parse(/** @type {string} */ (text.split('\n')[0])));
    };
    const ended = () => {
      done();
      reject(new Error(`ended without an answer: ${child.complaint()}`));
    };
    const done = () => {
      stdout.off('data', take);
      child.off('close', ended);
    };
    stdout.on('data', take);
    child.on('close', ended);
  });
}
