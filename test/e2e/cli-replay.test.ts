import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { freePorts } from '../../main/workspace/free-ports.ts';
import { type CliKit, createCliKit } from '../support/cli-kit.ts';
import { type NamedServer, startNamedServer } from '../support/named-server.ts';

interface Line {
  pool: string;
  run: string;
  requests: number;
  failed: number;
  retries: number;
  sessionsMoved: number;
  servers: {
    server: string;
    share: number;
    attempts: number;
    failedAttempts: number;
    mostInFlight: number;
  }[];
}

describe('a journal that was recorded from a running Ballast', () => {
  let cli: CliKit;
  let servers: NamedServer[];
  const cookies: string[] = [];

  beforeAll(async () => {
    cli = createCliKit();
    servers = await Promise.all(['a', 'b', 'c'].map(startNamedServer));
    const [port] = await freePorts(1);
    writeFileSync(
      join(cli.folder, 'ballast.yaml'),
      `listeners: [{ name: web, bind: '127.0.0.1:${port}', pool: api }]
pools:
  - name: api
    affinity: { type: cookie }
    healthCheck: { type: http, interval: 30s }
    servers:
${servers.map(({ name, address }) => `      - { name: ${name}, address: '${address}' }`).join('\n')}
`,
    );
    const running = await cli.start('up');
    const get = async (path: string, cookie?: string): Promise<Response> => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, {
        headers: { authorization: 'Bearer secret-of-the-client', ...(cookie && { cookie }) },
      });
      await response.text();
      return response;
    };
    for (let client = 0; client < 6; client++)
      cookies.push((await get('/first')).headers.get('set-cookie')!.split(';')[0]!);
    for (let round = 0; round < 20; round++) {
      if (round === 10) await servers[1]!.close();
      await Promise.all(cookies.map((cookie) => get(`/orders/${round}?ms=5`, cookie)));
    }
    const recorded = await cli.run('record', '-o', 'run.jsonl', '--json');
    expect(recorded).toMatchObject({ code: 0, objects: [{ requests: 126 }] });
    await cli.run('record', '--requests', '10', '-o', 'ten.jsonl');
    running.child.kill('SIGTERM');
    await running.ended;
    return async () => {
      await cli.dispose();
      await Promise.all(servers.map((server) => server.close()));
    };
  });

  const replayed = async (...args: string[]): Promise<readonly Line[]> => {
    const { code, objects, stdout, stderr } = await cli.run('replay', 'run.jsonl', '--json', ...args);
    expect(code, stdout + stderr).toBe(0);
    return objects;
  };

  it('holds what is needed to run it again, and no secret', () => {
    const text = readFileSync(join(cli.folder, 'run.jsonl'), 'utf8');
    const [header, first, ...rest] = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(header).toMatchObject({ ballastRecording: 1, requests: 126, pools: [{ name: 'api' }] });
    expect(first).toMatchObject({
      arrivedMs: 0,
      pool: 'api',
      listener: 'web',
      target: '/first',
      session: 's1',
    });
    expect(rest.every((each, index) => each.arrivedMs >= (rest[index - 1]?.arrivedMs ?? 0))).toBe(true);
    expect(first.unwell).toEqual({});
    expect(rest.some(({ unwell }) => unwell['api/b']?.includes('unreachable'))).toBe(true);
    for (const cookie of cookies) expect(text).not.toContain(cookie.split('=')[1]);
    expect(text).not.toContain('secret-of-the-client');
    expect(readFileSync(join(cli.folder, 'ten.jsonl'), 'utf8').trimEnd().split('\n')).toHaveLength(11);
  });

  it('is compared under all strategies, beside what was recorded', async () => {
    const [recorded, asItWas, ...runs] = await replayed();
    expect(asItWas).toMatchObject({ run: 'round-robin, as it was', requests: 126, failed: 0 });
    expect(recorded).toMatchObject({ run: 'recorded', requests: 126, failed: 0, sessionsMoved: 2 });
    expect(recorded!.retries).toBeGreaterThan(0);
    expect(runs.map(({ run }) => run)).toEqual(
      expect.arrayContaining(['round-robin', 'weighted-round-robin', 'least-connections', 'ip-hash']),
    );
    for (const run of runs) expect(run).toMatchObject({ requests: 126, failed: 0 });
    const again = runs.find(({ run }) => run === 'round-robin')!;
    expect(again.servers.map(({ share }) => Math.abs(share - 1 / 3) < 0.2)).toEqual([true, true, true]);
    expect(again.sessionsMoved).toBe(2);
  });

  it('says the same again for the same seed', async () => {
    expect(await replayed('--seed', '5')).toEqual(await replayed('--seed', '5'));
  });

  it('runs through other weights and settings, beside what the model makes of those that were', async () => {
    const [, asItWas, changed] = await replayed(
      ...['--strategy', 'weighted-round-robin', '--weights', 'a=8,b=1,c=1'],
      ...['--set', 'affinity.type=none', '--set', 'retry.attempts=1'],
    );
    expect([asItWas!.run, changed!.run]).toEqual(['round-robin, as it was', 'weighted-round-robin']);
    expect(asItWas!.failed).toBe(0);
    expect(changed!.servers[0]!.share).toBeGreaterThan(0.7);
    expect(changed!.failed).toBeGreaterThan(0);
  });

  it('names what was changed and changes nothing', async () => {
    const { stdout } = await cli.run(
      ...['replay', 'run.jsonl', '--strategy', 'round-robin', '--weights', 'a=3'],
      ...['--set', 'idleConnections=3', '--set', 'timeouts.connect=2s', '--set', 'retry.attempts=1'],
    );
    expect(stdout).toContain('Weights above 0 have no effect under round-robin');
    expect(stdout).toContain('--set idleConnections=3 has no effect: connections are not modelled');
    expect(stdout).toContain('--set timeouts.connect=2s has no effect');
    expect(stdout).not.toContain('--set retry.attempts=1 has no effect');
  });

  it('is told to a person in a table that says it is a model', async () => {
    const { stdout, code } = await cli.run('replay', 'run.jsonl');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Pool api: 126 requests in [\d.]+ s, recorded by round-robin; seed 1\n/);
    expect(stdout).toMatch(/RUN +FAILED +RETRIES/);
    expect(stdout).toMatch(/\nrecorded +0 /);
    expect(stdout).toMatch(/model/);
  });

  it('is refused with the line where it is broken, and with what to write instead', async () => {
    const lines = readFileSync(join(cli.folder, 'run.jsonl'), 'utf8').split('\n');
    const write = (name: string, changed: string[]) =>
      writeFileSync(join(cli.folder, name), changed.join('\n'));
    write('bad.jsonl', lines.with(4, '{"id":'));
    write('wrong.jsonl', lines.with(4, lines[4]!.replace('"outcome":"responded"', '"outcome":"fine"')));
    write('cut.jsonl', lines.slice(0, 50));
    write('later.jsonl', lines.with(0, '{"ballastRecording":9}'));
    const refused = async (...args: string[]): Promise<string> => {
      const { code, stderr } = await cli.run('replay', ...args);
      expect(code).toBe(2);
      return stderr;
    };
    expect(await refused('bad.jsonl')).toContain('bad.jsonl line 5:');
    expect(await refused('wrong.jsonl')).toMatch(/wrong.jsonl line 5: attempts.0.outcome/);
    expect(await refused('cut.jsonl')).toContain('49 of 126');
    expect(await refused('later.jsonl')).toContain('format 9');
    expect(await refused('ballast.yaml')).toContain('ballast record -o');
    expect(await refused('run.jsonl', '--strategy', 'best')).toMatch(/round-robin, weighted/);
    expect(await refused('run.jsonl', '--weights', 'x=1')).toContain('it has a, b, c');
    expect(await refused('run.jsonl', '--set', 'retry.atempts=1')).toMatch(/attempts/);
    expect(await refused('run.jsonl', '--pool', 'web')).toContain('api');
  });
});
