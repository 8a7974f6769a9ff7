import { describe, expect, it } from 'vitest';
import { parseOptions } from '../../../bench/lib/options.mjs';
import { peersFor } from '../../../bench/lib/peers.mjs';
import { asMarkdown, asText, cells, replaceBetweenMarkers } from '../../../bench/lib/report.mjs';
import { workloads } from '../../../bench/lib/workloads.mjs';

describe('writing the tables', () => {
  it('replaces what stands between the markers, and nothing else', () => {
    const text = 'before\n<!-- bench:start -->\nold\n<!-- bench:end -->\nafter\n';
    const once = replaceBetweenMarkers(text, 'new $& table');
    expect(once).toBe('before\n<!-- bench:start -->\nnew $& table\n<!-- bench:end -->\nafter\n');
    expect(replaceBetweenMarkers(once, 'new $& table')).toBe(once);
  });

  it('refuses a text without both markers', () => {
    expect(() => replaceBetweenMarkers('nothing', 'x')).toThrow('bench:start');
    expect(() => replaceBetweenMarkers('<!-- bench:end --><!-- bench:start -->', 'x')).toThrow('bench:end');
  });

  it('aligns columns, figures to the right', () => {
    const table = [
      ['proxy', 'µs', 'errors'],
      ['ballast', '9.5', '0'],
      ['nginx', '10.0', 'INVALID: all of it'],
    ];
    expect(asText(table).split('\n')).toEqual([
      'proxy      µs  errors',
      'ballast   9.5  0',
      'nginx    10.0  INVALID: all of it',
    ]);
    expect(asMarkdown(table).split('\n')).toEqual([
      '| proxy | µs | errors |',
      '|---|---:|---:|',
      '| **ballast** | 9.5 | 0 |',
      '| nginx | 10.0 | INVALID: all of it |',
    ]);
  });

  it('marks a row that failed its check', () => {
    const [, row] = cells({
      name: 'get-64',
      title: 'small GET',
      unit: 'request',
      load: 'wrk',
      connections: 64,
      startedAt: '',
      peers: [{ name: 'caddy', rounds: [], peakMemoryBytes: 0, failed: 'spreads 60/0/0' }],
      skipped: [],
    });
    expect(row?.at(-1)).toBe('INVALID: spreads 60/0/0');
  });
});

describe('choosing what to measure', () => {
  it('takes names of workloads and proxies in any order', () => {
    const { workloads: some, peers } = parseOptions(['--only', 'idle,get-64', '--peers', 'nginx,ballast']);
    expect(some.map(({ name }) => name)).toEqual(['get-64', 'idle']);
    expect(peers).toEqual(['ballast', 'nginx']);
  });

  it('measures less with --quick, unless it is told what', () => {
    const names = (...args: string[]) => parseOptions(args).workloads.map(({ name }) => name);
    expect(names()).toEqual(workloads.map(({ name }) => name));
    expect(names('--quick')).toContain('get-64');
    expect(names('--quick').length).toBeLessThan(names().length);
    expect(names('--quick', '--only', 'two-cores')).toEqual(['two-cores']);
  });

  it.each([
    [['--only', 'get-65'], 'get-65'],
    [['--peers', 'apache'], 'apache'],
    [['--rounds', 'many'], '--rounds'],
    [['--append'], '--json'],
    [['--what'], '--what'],
  ])('refuses %j', (args, named) => {
    expect(() => parseOptions(args)).toThrow(named);
  });

  it('adds the variants of a proxy only where the workload asks for them', () => {
    const names = (workload: string, chosen: string[]) =>
      peersFor(workloads.find(({ name }) => name === workload)!, chosen).map(({ name }) => name);
    expect(names('get-64', ['ballast', 'nginx'])).toEqual([
      'ballast',
      'ballast-batching',
      'ballast-adaptive',
      'nginx',
    ]);
    expect(names('post-64k', ['ballast', 'nginx'])).toEqual(['ballast', 'nginx']);
    expect(names('get-64', ['nginx'])).toEqual(['nginx']);
    expect(names('two-cores', ['ballast', 'nginx', 'caddy'])).toEqual([
      'ballast',
      'ballast-2-threads',
      'nginx',
      'nginx-2-workers',
    ]);
  });
});
