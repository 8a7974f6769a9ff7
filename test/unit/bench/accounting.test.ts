import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  cpuMicros,
  memoryOf,
  parseKibibytes,
  parseMachineTicks,
  parseSchedstat,
  parseStat,
  processGroup,
} from '../../../bench/lib/accounting.mjs';

describe('reading /proc', () => {
  it('takes the first number of schedstat, and nothing from an empty file', () => {
    expect(parseSchedstat('123456789 42 7\n')).toBe(123_456_789);
    expect(parseSchedstat('')).toBe(0);
  });

  it('counts the fields of stat after the last bracket of the name', () => {
    const stat = '7 (a (b) 1 2) S 1 7 7 0 -1 4194560 10 20 30 40 101 102 203 204 20 0 1 0 99 1 2';
    expect(parseStat(stat)).toEqual({ ownTicks: 203, childTicks: 407 });
  });

  it('reads fields in KiB by their whole name', () => {
    const status = 'VmPeak:\t  900 kB\nVmHWM:\t   300 kB\nVmRSS:\t   200 kB\nRssAnon:\t 100 kB\n';
    expect(parseKibibytes(status, 'VmRSS')).toBe(200 * 1024);
    expect(parseKibibytes(status, 'VmHWM')).toBe(300 * 1024);
    expect(parseKibibytes(status, 'Pss')).toBe(0);
  });

  it('leaves idle, waiting for a disk, and guests out of the busy time', () => {
    expect(parseMachineTicks('cpu  1 2 4 1000 1000 8 16 32 500 500\ncpu0 9 9 9\n')).toBe(63);
  });

  it.runIf(existsSync('/proc/self/schedstat'))(
    'counts a process together with its children, in all their threads',
    async () => {
      const busy = 'const end = process.cpuUsage().user + 60_000; while (process.cpuUsage().user < end);';
      const child = spawn(
        process.execPath,
        [
          '-e',
          `const inner = require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(`${busy} console.log('done'); setInterval(() => {}, 1e6)`)}], { stdio: ['ignore', 'inherit', 'inherit'] });
           process.on('exit', () => inner.kill()); process.stdin.on('end', () => process.exit()).resume();`,
        ],
        { stdio: ['pipe', 'pipe', 'inherit'] },
      );
      const pid = child.pid!;
      try {
        await once(child.stdout!, 'data');
        expect(processGroup(pid)).toHaveLength(2);
        expect(cpuMicros(pid)).toBeGreaterThan(60_000);
        const memory = memoryOf(pid);
        expect(memory.resident).toBeGreaterThan(20 * 2 ** 20);
        expect(memory.peak).toBeGreaterThanOrEqual(memory.resident * 0.9);
        expect(memory.proportional).toBeLessThanOrEqual(memory.resident);
      } finally {
        child.stdin!.end();
        await once(child, 'close');
      }
    },
  );
});
