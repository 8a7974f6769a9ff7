import { writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { requestDetailSchema } from '@shared/contract/request-values.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePorts } from '../../main/workspace/free-ports.ts';
import { afterThisTest } from '../support/after-this-test.ts';
import { type CliKit, createCliKit } from '../support/cli-kit.ts';
import { get } from '../support/owner-kit.ts';
import { type ReplicaProcess, startReplicaProcess } from '../support/replica-process.ts';
import { until } from '../support/until.ts';

let cli: CliKit;
let replicas: ReplicaProcess[];
let url: string;
let otherUrl: string;
beforeEach(async () => {
  cli = createCliKit();
  replicas = await Promise.all(['one', 'two', 'three'].map(startReplicaProcess));
  const [port, otherPort] = await freePorts(2);
  url = `http://127.0.0.1:${port}`;
  otherUrl = `http://127.0.0.1:${otherPort}`;
  const servers = replicas.map(({ name, address }) => `{ name: ${name}, address: "${address}" }`).join(', ');
  writeFileSync(
    join(cli.folder, 'ballast.yaml'),
    `version: 1
listeners:
  - { name: web, bind: 127.0.0.1:${port}, routes: [{ path: /, pool: shop }] }
  - { name: side, bind: 127.0.0.1:${otherPort}, pool: side }
pools:
  - { name: shop, servers: [${servers}] }
  - { name: side, affinity: { type: header, header: x-user }, servers: [{ name: last, address: "${replicas[2]!.address}" }] }
`,
  );
  await cli.start('up', '--control-port', '0');
});
afterEach(async () => {
  await cli.dispose();
  await Promise.all(replicas.map((replica) => replica.kill()));
});

/** `kill -9` of the first replica while requests are at every one of them. Resolves when all are answered. */
async function failOver(): Promise<void> {
  const answers = Promise.all(Array.from({ length: 6 }, () => get(`${url}/slow?ms=3000`)));
  await until('requests are under way', async () => {
    const [status] = (await cli.run('status', '--json')).objects;
    return status.metrics.servers['shop/one'].activeRequests === 2;
  });
  await replicas[0]!.kill();
  expect((await answers).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200]);
}

describe('ballast why', () => {
  it('tells in less than 25 lines how a request got through a failover', async () => {
    await failOver();
    const told = await cli.run('why', '--last-retried');
    expect(told).toMatchObject({ code: 0, stderr: '' });
    const lines = told.stdout.trimEnd().split('\n');
    expect(lines.length).toBeLessThan(25);
    // What was asked and got, which server failed and how, who took over.
    expect(lines[0]).toMatch(
      /^GET \/slow\?ms=3000 got 200 from (two|three) after [\d.]+ s, with 2 attempts: one failed \(.*clos.*\)\.$/,
    );
    expect(told.stdout).toMatch(/asked +at \d\d:\d\d:\d\d\.\d{3} by 127\.0\.0\.1, listener web, request \S+/);
    expect(told.stdout).toMatch(/led to +pool shop \(any host, any path\), which picks by round robin/);
    expect(told.stdout).toMatch(/\nattempt 1, at [\d.]+ ms: one failed after [\d.]+ m?s: .*clos/);
    expect(told.stdout).toMatch(/\n {2}> one +picked: +\d in flight/);
    expect(told.stdout).toMatch(/\n {4}two +could take it: \d in flight/);
    expect(told.stdout).toMatch(/\nattempt 2, at [\d.]+ m?s: (two|three) answered 200 after [\d.]+ s/);
    expect(told.stdout).toMatch(/\n {4}one +out: was tried already: .*clos/);

    const [detail] = (await cli.run('why', '--last-retried', '--json')).objects;
    expect(requestDetailSchema.parse(detail)).toMatchObject({
      attempts: 2,
      route: { host: null, path: '/' },
    });
    const { stdout } = await cli.run('why', detail.id);
    expect((await cli.run('why', `x-ballast-request: ${detail.id}`)).stdout).toBe(stdout);
  });

  it('says of a request that still runs that it may not be over yet', async () => {
    const server = createServer((_request, response) => void response.write('more to come'));
    afterThisTest(() => server.closeAllConnections());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    afterThisTest(() => server.close());
    const [port] = await freePorts(1);
    writeFileSync(
      join(cli.folder, 'hangs.yaml'),
      `listeners: [{ name: web, bind: 127.0.0.1:${port}, pool: shop }]
pools: [{ name: shop, servers: [{ address: "127.0.0.1:${(server.address() as AddressInfo).port}" }] }]
`,
    );
    const { controlPort } = await cli.start('up', 'hangs.yaml', '--control-port', '0');
    const running = await new Promise<IncomingMessage>((resolve, reject) =>
      request(`http://127.0.0.1:${port}/`, resolve).once('error', reject).end(),
    );
    running.on('error', () => {});
    const id = String(running.headers['x-ballast-request']);
    const told = await cli.run('why', id, '--control-port', String(controlPort));
    // Otherwise the end of this Ballast would wait for it.
    server.closeAllConnections();
    expect(told).toMatchObject({ code: 2, stderr: expect.stringContaining('either it is not over yet') });
  });

  it('wants one request, and says so where there is none of that kind', async () => {
    expect(await cli.run('why')).toMatchObject({ code: 2, stderr: expect.stringContaining('--last-failed') });
    expect(await cli.run('why', 'some-id', '--last-failed')).toMatchObject({ code: 2 });
    expect(await cli.run('why', '--last-failed')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no request has failed'),
    });
  });
});

describe('ballast requests --session', () => {
  it('tells the requests of that session alone', async () => {
    for (const user of ['anna', 'bob', 'anna'])
      await fetch(`${otherUrl}/${user}`, { headers: { 'x-user': user } });
    const sessions = (await cli.run('sessions', '--json')).objects;
    const anna = sessions.find(({ hits }) => hits === 2);
    const told = await cli.run('requests', '--session', `side/${anna.id}`, '--json');
    expect(told.objects.map(({ target }) => target)).toEqual(['/anna', '/anna']);
    const wrong = await cli.run('requests', '--session', anna.id);
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('POOL/SESSION') });
  });
});

describe('ballast requests that finds none', () => {
  it('says why, and what to write instead, for programs too', async () => {
    const none = async (...args: string[]): Promise<string> => {
      const told = await cli.run('requests', ...args);
      expect(told).toMatchObject({ code: 0, stdout: '' });
      expect(await cli.run('requests', ...args, '--json')).toMatchObject({ code: 0, stdout: '' });
      return told.stderr;
    };
    expect(await none()).toBe('no request is in the journal yet: each is written down when it has ended\n');
    await fetch(otherUrl, { headers: { 'x-user': 'anna' } });
    const [{ id }] = (await cli.run('sessions', '--json')).objects;
    expect(await none('--session', 'side/s99')).toMatch(/^there is no session side\/s99, nor is a request/);
    expect(await none('--session', `shop/${id}`)).toMatch(
      `pool shop has no session ${id}: it is of pool side; write --session side/${id}`,
    );
    expect(await none('--session', 'shop/s99')).toMatch(/^pool shop has no affinity/);
    expect(await none('--session', `side/${id}`, '--failed')).toMatch(
      `no request of session side/${id} failed`,
    );
    expect(await none('--pool', 'shop', '--server', 'one')).toMatch(
      'no request of pool shop that was at shop/one is in the journal',
    );
    // Ended, and its request is still there.
    await cli.run('session', 'end', `side/${id}`);
    expect((await cli.run('requests', '--session', `side/${id}`, '--json')).objects).toHaveLength(1);
    expect(await none('--session', `shop/${id}`)).toMatch(`write --session side/${id}`);
    for (const follow of [[], ['--follow']])
      expect(await cli.run('requests', '--session', `side/${id}`, '--pool', 'shop', ...follow)).toMatchObject(
        {
          code: 2,
          stderr: expect.stringContaining(
            `session side/${id} is of pool side, not of shop: leave out --pool shop`,
          ),
        },
      );
  });

  it('says so to who follows a session that is not there', async () => {
    const { child, ended } = cli.spawn(['requests', '--follow', '--session', 'side/s99']);
    await new Promise((resolve) => child.stderr!.once('data', resolve));
    child.kill('SIGINT');
    expect((await ended).stderr).toContain('there is no session side/s99');
  });
});

describe('ballast requests --follow', () => {
  it('tells what passes all filters as it happens, for programs too', async () => {
    const follow = (...filters: string[]) => {
      const { child, ended } = cli.spawn(['requests', '--follow', '--json', ...filters]);
      let text = '';
      child.stdout!.on('data', (piece: Buffer) => {
        text += piece.toString();
      });
      const told = () =>
        text
          .split('\n')
          .filter(Boolean)
          .map((line) => JSON.parse(line));
      const end = async () => {
        child.kill('SIGINT');
        expect((await ended).code).toBe(0);
      };
      return { told, end };
    };
    const all = follow();
    const retried = follow('--retried', '--pool', 'shop', '--server', 'shop/one');
    const side = follow('--pool', 'side');
    const none = follow('--failed', '--retried');
    await get(`${otherUrl}/`);
    await until('the other pool is told', () => side.told().length === 1 && all.told().length === 1);
    await failOver();
    await until('the retried are told', () => retried.told().length === 2 && all.told().length === 7);
    for (const each of retried.told()) expect(each).toMatchObject({ pool: 'shop', attempts: 2, status: 200 });
    expect(side.told()).toHaveLength(1);
    expect(none.told()).toEqual([]);
    await Promise.all([all, retried, side, none].map(({ end }) => end()));
  });

  it('of a journal that is off is told to be so', async () => {
    const [port] = await freePorts(1);
    const write = (journalRequests: number) =>
      writeFileSync(
        join(cli.folder, 'off.yaml'),
        `listeners: [{ name: web, bind: 127.0.0.1:${port}, pool: shop }]
pools: [{ name: shop, servers: [{ address: "${replicas[0]!.address}" }] }]
journalRequests: ${journalRequests}
`,
      );
    write(0);
    const { controlPort } = await cli.start('up', 'off.yaml', '--control-port', '0');
    await get(`http://127.0.0.1:${port}/`);
    const told = await cli.run('requests', '--control-port', String(controlPort));
    expect(told).toMatchObject({ code: 0, stderr: expect.stringContaining('the journal is off') });
    for (const filter of [[], ['--failed']]) {
      const { child, ended } = cli.spawn([
        'requests',
        '--follow',
        ...filter,
        '--control-port',
        String(controlPort),
      ]);
      await new Promise((resolve) => child.stderr!.once('data', resolve));
      child.kill('SIGINT');
      expect((await ended).stderr).toContain('the journal is off');
    }
    // Turned on only now: that no request has ended would not be true.
    write(2_000);
    const place = ['--control-port', String(controlPort)];
    await until('the journal is on', async () => {
      const { stderr } = await cli.run('requests', ...place);
      if (stderr.includes('the journal is off')) return false;
      expect(stderr).toBe('no request is in the journal yet: each is written down when it has ended\n');
      return true;
    });
    expect((await cli.run('status', '--json', ...place)).objects[0].metrics.total.requests).toBe(1);
  });
});
