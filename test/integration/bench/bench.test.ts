import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { processGroup } from '../../../bench/lib/accounting.mjs';
import { until } from '../../support/until.ts';

const bench = join(import.meta.dirname, '..', '..', '..', 'bench', 'bench.mjs');

/** The one workload whose generator and servers are our own: nothing has to be installed. */
const quick = ['--only', 'websocket', '--peers', 'ballast,node-http', '--seconds', '0.2', '--warm-up', '0.1'];

describe.runIf(process.platform === 'linux')('the benchmark', () => {
  let folder: string;
  let child: ChildProcess | undefined;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ballast-bench-test-'));
  });
  afterEach(() => {
    child?.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  /** Temporary files of the run go into the test's own folder, where they can be counted. */
  function start(...args: string[]) {
    const started = spawn(process.execPath, [bench, ...quick, ...args], {
      env: { ...process.env, TMPDIR: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child = started;
    let output = '';
    for (const stream of [started.stdout, started.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    return { started, output: () => output };
  }
  const isAlive = (pid: number) => existsSync(`/proc/${pid}`);

  it('measures proxies that forward and spread, without an error, and leaves nothing behind', async () => {
    const file = join(folder, 'result.json');
    const { started, output } = start('--rounds', '2', '--json', file);
    const [code] = await once(started, 'close');
    expect(output()).toContain('ballast');
    expect(code, output()).toBe(0);
    const { workloads, rows, verdicts } = JSON.parse(readFileSync(file, 'utf8'));
    expect(workloads[0].peers.map(({ name }: { name: string }) => name)).toEqual(['ballast', 'node-http']);
    for (const peer of workloads[0].peers) {
      expect(peer.hits.reduce((sum: number, hits: number) => sum + hits)).toBe(60);
      for (const round of peer.rounds) {
        expect(round.errors).toBe(0);
        expect(round.requests).toBeGreaterThan(0);
        expect(round.cpuMicrosPerRequest).toBeGreaterThan(0);
      }
    }
    expect(rows[0].rows[0].peakMemoryBytes).toBeGreaterThan(2 ** 20);
    expect(verdicts.length).toBeGreaterThan(10);
    expect(readdirSync(folder)).toEqual(['result.json']);
  });

  it('ends every process and removes its files when it is interrupted', async () => {
    const { started, output } = start('--rounds', '1000');
    // Benchmark, servers, two proxies, and a generator: it is in the middle of it.
    await until('a load', () => processGroup(started.pid!).length >= 5);
    const group = processGroup(started.pid!);
    started.kill('SIGINT');
    const [code] = await once(started, 'close');
    expect(code, output()).toBe(130);
    await until('the end of all', () => !group.some(isAlive));
    expect(readdirSync(folder)).toEqual([]);
  });
});
