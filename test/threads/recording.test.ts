import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseRecording, poolOf } from '../../main/command-line/recording-file.ts';
import { failingsOf } from '../../main/engine/simulation/outages.ts';
import { type CliKit, createCliKit } from '../support/cli-kit.ts';
import { type NamedServer, startNamedServer } from '../support/named-server.ts';
import { clientOfEach, type PinnedClient, suffix, threadOf, whyNot } from '../support/threads-kit.ts';
import { until } from '../support/until.ts';

let cli: CliKit;
let servers: NamedServer[];
let clients: PinnedClient[] = [];
beforeEach(async () => {
  cli = createCliKit();
  servers = await Promise.all(['a', 'b', 'c'].map(startNamedServer));
});
afterEach(async () => {
  for (const client of clients) client.close();
  await cli.dispose();
  await Promise.all(servers.map((server) => server.close()));
});

/** A request of each thread at once. @returns their ids */
async function askAll(): Promise<string[]> {
  const answers = await Promise.all(clients.map((client) => client.get('/orders')));
  expect(answers.map(({ status }) => status)).toEqual(clients.map(() => 200));
  return answers.map(({ id }) => id);
}

describe.skipIf(whyNot !== null)(`a recording of several threads${suffix}`, () => {
  it('knows of one outage, and one ejection, which all threads saw', async () => {
    writeFileSync(
      join(cli.folder, 'ballast.yaml'),
      `listeners: [{ name: web, bind: '127.0.0.1:0', pool: api }]
dataPlane: { threads: 2 }
pools:
  - name: api
    healthCheck: { type: tcp, interval: 1s, fastInterval: 500ms, rise: 2, fall: 3 }
    outlierDetection: { consecutiveFailures: 1, baseEjection: 10m, maxEjection: 10m }
    servers: [${servers.map(({ name, address }) => `{ name: ${name}, address: '${address}' }`).join(', ')}]
`,
    );
    const running = await cli.start('up', '--control-port', '0');
    clients = await clientOfEach({ url: running.ready.listeners[0]!.url }, 2);
    const first = new Set<string>();
    for (let round = 0; round < 30; round++) for (const id of await askAll()) first.add(id);
    const closedAtMs = Date.now();
    await servers[1]!.close();
    // Before three probes can have failed, whoever's turn it is.
    for (let round = 0; round < 10; round++) await askAll();
    const down = await until('the probes have found it', async () => {
      await askAll();
      const [status] = (await cli.run('status', '--json')).objects;
      const found = status.servers.find(({ id }: { id: string }) => id === 'api/b');
      return found.verdict === 'unhealthy' && Date.now();
    });
    const last = new Set<string>();
    for (let round = 0; round < 20; round++) for (const id of await askAll()) last.add(id);
    expect(await cli.run('record', '-o', 'run.jsonl')).toMatchObject({ code: 0 });

    const { header, requests } = parseRecording(
      readFileSync(join(cli.folder, 'run.jsonl'), 'utf8'),
      'run.jsonl',
    );
    expect(new Set(requests.map(({ id }) => threadOf(id)))).toEqual(new Set([0, 1]));
    const early = requests.filter(({ id }) => first.has(id));
    expect(early).toHaveLength(60);
    for (const { unwell } of early) expect(unwell).toEqual({});
    const late = requests.filter(({ id }) => last.has(id));
    expect(late).toHaveLength(40);
    for (const { unwell } of late) expect(unwell).toEqual({ 'api/b': expect.arrayContaining(['unhealthy']) });

    const pool = poolOf(header.pools[0]!, 'the pool');
    const { outages } = failingsOf(requests, pool.healthCheck, ({ outcome }) => outcome !== 'responded');
    expect([...outages].filter(([, each]) => each.length > 0).map(([server]) => server)).toEqual(['api/b']);
    const [outage, ...others] = outages.get('api/b')!;
    expect(others).toEqual([]);
    expect(outage!.to).toBe(Number.POSITIVE_INFINITY);
    expect(header.startMs + outage!.from).toBeGreaterThan(closedAtMs - 2_000);
    expect(header.startMs + outage!.from).toBeLessThan(down);

    const { objects } = await cli.run('replay', 'run.jsonl', '--strategy', 'round-robin', '--json');
    expect(objects.map(({ run, failed, ejections }) => [run, failed, ejections])).toEqual([
      ['recorded', 0, 1],
      ['round-robin', 0, 1],
    ]);
    const attempts = objects.map(({ servers: each }) => each[1].attempts);
    expect(Math.abs(attempts[0] - attempts[1])).toBeLessThanOrEqual(3);
  });
});
