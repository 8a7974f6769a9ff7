// What the operating system says a group of processes used: CPU time of all their threads, and memory. Linux.
import { readdirSync, readFileSync } from 'node:fs';

/** @param {string} path */
function readOrNothing(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // the thread or process has just ended
  }
}

/**
 * Time on a CPU in nanoseconds: the first number of a `schedstat` file. Finer than the 10 ms ticks of `stat`.
 * @param {string} text
 */
export function parseSchedstat(text) {
  const nanoseconds = Number(text.split(' ')[0]);
  return Number.isFinite(nanoseconds) ? nanoseconds : 0;
}

/**
 * User and system time in ticks, own and of children that were waited for. The name of a process may hold spaces and
 * brackets: counting starts after its last bracket.
 * @param {string} text a `stat` file
 */
export function parseStat(text) {
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const at = (/** @type {number} */ index) => fields[index] ?? 0;
  return { ownTicks: at(11) + at(12), childTicks: at(13) + at(14) };
}

/**
 * A field of `status` or `smaps_rollup` in bytes; 0 when it is not there.
 * @param {string} text
 * @param {string} name VmRSS, VmHWM, Pss ...
 */
export function parseKibibytes(text, name) {
  const match = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text);
  return match ? Number(match[1]) * 1024 : 0;
}

/**
 * Busy time of the whole machine in ticks: all of the first line of `/proc/stat` but idle and waiting for a disk.
 * Guests' time is in user time already.
 * @param {string} text
 */
export function parseMachineTicks(text) {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = (text.split('\n')[0] ?? '')
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return user + nice + system + irq + softirq + steal;
}

/**
 * The process and all its descendants.
 * @param {number} pid
 * @returns {number[]}
 */
export function processGroup(pid) {
  const group = [pid];
  for (const thread of threadsOf(pid))
    for (const child of readOrNothing(`/proc/${pid}/task/${thread}/children`).split(' '))
      if (child.trim() !== '') group.push(...processGroup(Number(child)));
  return group;
}

/** @param {number} pid */
function threadsOf(pid) {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

/**
 * CPU time of every thread of the group so far, in microseconds. Threads that have ended are no longer in it, so measure
 * over a span in which a proxy neither starts nor ends any.
 * @param {number} pid
 */
export function cpuMicros(pid) {
  let nanoseconds = 0;
  for (const each of processGroup(pid))
    for (const thread of threadsOf(each))
      nanoseconds += parseSchedstat(readOrNothing(`/proc/${each}/task/${thread}/schedstat`));
  return nanoseconds / 1_000;
}

/**
 * Memory of the group in bytes, summed over its processes. `peak` and `resident` count a page that two processes share
 * twice; `proportional` divides it between them.
 * @param {number} pid
 */
export function memoryOf(pid) {
  const sum = { peak: 0, resident: 0, proportional: 0 };
  for (const each of processGroup(pid)) {
    const status = readOrNothing(`/proc/${each}/status`);
    sum.peak += parseKibibytes(status, 'VmHWM');
    sum.resident += parseKibibytes(status, 'VmRSS');
    sum.proportional += parseKibibytes(readOrNothing(`/proc/${each}/smaps_rollup`), 'Pss');
  }
  return sum;
}

/**
 * True when the process has a handler of its own for SIGINT.
 * @param {number} pid
 */
export function catchesInterrupts(pid) {
  const caught = /^SigCgt:\s*([0-9a-f]+)/m.exec(readOrNothing(`/proc/${pid}/status`))?.[1] ?? '0';
  return (BigInt(`0x${caught}`) & 2n) === 2n;
}

/** Busy time of the machine, and of this process with the children it has waited for, in seconds. */
export function machineSeconds() {
  const { ownTicks, childTicks } = parseStat(readOrNothing('/proc/self/stat'));
  return {
    busy: parseMachineTicks(readOrNothing('/proc/stat')) / ticksPerSecond,
    here: (ownTicks + childTicks) / ticksPerSecond,
  };
}

/** Of user space on every Linux that Node runs on (`getconf CLK_TCK`). */
const ticksPerSecond = 100;
