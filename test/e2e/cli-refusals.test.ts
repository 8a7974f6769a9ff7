import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { freePorts } from '../../main/workspace/free-ports.ts';
import { type CliKit, createCliKit } from '../support/cli-kit.ts';
import { startNamedServer } from '../support/named-server.ts';
import { until } from '../support/until.ts';

let cli: CliKit;

/** One server answers, nobody listens at the other: it is ejected with its first request, and never again while the tests run. */
beforeAll(async () => {
  cli = createCliKit();
  const server = await startNamedServer('a');
  const [port, nobody] = await freePorts(2);
  const pool = `affinity: { type: cookie }
    healthCheck: { type: none }
    outlierDetection: { consecutiveFailures: 1, baseEjection: 10m, maxEjection: 10m }
    servers:
      - { name: a, address: '${server.address}' }
      - { name: gone, address: '127.0.0.1:${nobody}' }
`;
  writeFileSync(
    join(cli.folder, 'ballast.yaml'),
    `listeners: [{ name: web, bind: '127.0.0.1:${port}', pool: api }]\npools:\n  - name: api\n    ${pool}`,
  );
  writeFileSync(
    join(cli.folder, 'other.yaml'),
    `listeners: [{ name: web, bind: '127.0.0.1:${port}', pool: api }]\npools:\n  - name: api\n    timeouts: { connect: 2s }\n    idleConnections: 3\n    ${pool}`,
  );
  await cli.start('up', '--control-port', '0');
  for (let request = 0; request < 12; request++) await (await fetch(`http://127.0.0.1:${port}/`)).text();
  await until('the server without a listener is ejected', async () =>
    (await cli.run('events', '--json')).objects.some(({ kind }) => kind === 'server-ejected'),
  );
  expect(await cli.run('record', '-o', 'run.jsonl')).toMatchObject({ code: 0 });
  const lines = readFileSync(join(cli.folder, 'run.jsonl'), 'utf8').split('\n');
  const write = (name: string, text: string) => writeFileSync(join(cli.folder, name), text);
  write('empty.jsonl', '');
  write('notes.txt', 'milk, bread\n');
  write('cut.jsonl', `${lines.slice(0, 4).join('\n')}\n${lines[4]!.slice(0, 40)}`);
  write('newer.jsonl', lines.with(0, '{"ballastRecording":9}').join('\n'));
  write('older.jsonl', lines.with(0, lines[0]!.replace(/"ejections":\[.*?\],/, '')).join('\n'));
  mkdirSync(join(cli.folder, 'folder'));
  return async () => {
    await cli.dispose();
    await server.close();
  };
});

/** What was written, and a part of the sentence that says what to write instead. */
const refusals: readonly (readonly [command: string, sentence: string])[] = [
  ['record --pool nope', 'there is no pool "nope"; there is api'],
  ['record --requests 0', 'Write a whole number from 1'],
  ['record -o nowhere/run.jsonl', 'there is no folder nowhere for nowhere/run.jsonl; make it'],
  ['record -o folder', 'folder is a folder; name a file in it'],
  ['replay', "missing required argument 'FILE'"],
  ['replay nope.jsonl', 'there is no file nope.jsonl; write one with ballast record -o nope.jsonl'],
  ['replay folder', 'folder is a folder; name a file in it'],
  ['replay empty.jsonl', 'empty.jsonl is empty; write one with ballast record -o run.jsonl'],
  ['replay notes.txt', 'notes.txt is no recording; write one with ballast record -o run.jsonl'],
  ['replay cut.jsonl', 'cut.jsonl ends after 3 of 12 requests: it was cut off; record it again'],
  ['replay newer.jsonl', 'a recording of format 9, and this Ballast reads format 1; update Ballast'],
  ['replay run.jsonl --pool nope', 'has no requests of a pool "nope"; write one of api'],
  ['replay run.jsonl --strategy best', 'there is no strategy "best"; write all, or one of round-robin'],
  ['replay run.jsonl --weights a', '"a" is no weight; write e.g. --weights api-1=3,api-2=1'],
  ['replay run.jsonl --weights b=2', 'the pool has no server "b"; it has a, gone'],
  ['replay run.jsonl --weights a=1001', 'write at most 1000'],
  ['replay run.jsonl --seed x', 'Write a whole number from 0'],
  ['replay run.jsonl --set retry', '"retry" is no setting; write e.g. --set retry.attempts=2'],
  ['replay run.jsonl --set retry.atempts=2', 'did you mean "attempts"?'],
  ['replay run.jsonl --set strategy=first', 'write --strategy first'],
  ['replay run.jsonl --set strategy.decay=1s', "write --strategy '{kind: …, decay: 1s}'"],
  ['replay run.jsonl --set name=web', 'leave --set name out'],
  ['replay run.jsonl --set servers.a.name=b', 'servers keep their names in a replay'],
  ['replay run.jsonl --set servers.a=2', 'write e.g. --set servers.a.weight=3'],
  ['why', 'name one request'],
  ['why 12', 'look for its number in the list of requests (ballast requests)'],
  ['why --last-failed', 'no request has failed for its client'],
  ['requests --pool nope', 'there is no pool "nope"; there is api'],
  ['requests --pool api --server nope/a', 'there is no server "nope/a"'],
  ['requests --server nope', 'there is no server "nope"; there is api/a, api/gone'],
  ['events --server nope', 'there is no server "nope"; there is api/a, api/gone'],
  ['sessions --pool nope', 'there is no pool "nope"; there is api'],
  ['server drain a', '"a" names no server; write POOL/SERVER, e.g. api/api-1'],
  ['server drain api/nope', 'a, gone'],
  ['server maintenance nope/a', 'there is no pool "nope"; there is api'],
  ['server kill nope/a', 'there is no pool "nope"; there is api'],
  ['server drain api/a --deadline soon', '"soon" is no duration; write a number and a unit'],
  ['server drain api/a --deadline 300d', 'a deadline is 24d at most'],
  ['session end s1', '"s1" names no session; write POOL/SESSION, e.g. api/s1'],
  ['session end api/s999', 's999'],
  ['session move api/s1 nope', 'a, gone'],
  ['drain api/a', "unknown command 'drain'; write ballast server drain"],
  ['move api/s1 a', "unknown command 'move'; write ballast session move"],
];

describe('what cannot be done', () => {
  it.concurrent.each(refusals)('ballast %s: is told with what to do next', async (command, sentence) => {
    const { code, stdout, stderr } = await cli.run(...command.split(' '));
    expect(stderr).toContain(sentence);
    expect(stderr).toMatch(/^ballast: /);
    expect(stdout).toBe('');
    expect(code).toBe(/last-failed/.test(command) ? 1 : 2);
  });

  it('is told to programs as an object', async () => {
    const { code, objects, stderr } = await cli.run('drain', 'api/a', '--json');
    expect({ code, objects, stderr }).toEqual({
      code: 2,
      objects: [{ event: 'error', message: "unknown command 'drain'; write ballast server drain" }],
      stderr: '',
    });
  });
});

it('a drain that is given another deadline says so, and one without', async () => {
  const drain = async (...rest: string[]) =>
    (await cli.run('server', 'drain', 'api/a', ...rest)).stdout.trim();
  expect([
    await drain('--deadline', '10m'),
    await drain('--deadline', '0s'),
    await drain(),
    (await cli.run('server', 'ready', 'api/a')).stdout.trim(),
  ]).toEqual([
    'api/a: ready -> drain, for 10m at most',
    'api/a: drain -> drain, without a deadline',
    'api/a was drain already',
    'api/a: drain -> ready',
  ]);
});

describe('a recording', () => {
  const ejected = async (file: string): Promise<string> => {
    const { stdout } = await cli.run('replay', file, '--strategy', 'round-robin');
    const [titles = '', recorded = ''] = stdout.split('\n').slice(1);
    return recorded
      .slice(0, titles.indexOf('EJECTED') + 'EJECTED'.length)
      .split(/ +/)
      .at(-1)!;
  };

  it('knows how often servers were ejected, unless it is of a Ballast that did not write that down', async () => {
    expect([await ejected('run.jsonl'), await ejected('older.jsonl')]).toEqual(['1', '-']);
    const { stdout } = await cli.run('replay', 'older.jsonl');
    expect(stdout).toContain('How often servers were ejected then is not in the recording');
  });

  it('is replayed with what another file says, and the settings of that without effect are named', async () => {
    const { stdout, code } = await cli.run(
      ...['replay', 'run.jsonl', '--strategy', 'round-robin', '--config', 'other.yaml'],
      ...['--set', 'timeouts={connect: 3s, response: 2s}'],
    );
    expect(code).toBe(0);
    expect(stdout).toContain('timeouts.connect of other.yaml has no effect: how long connecting took');
    expect(stdout).toContain('idleConnections of other.yaml has no effect: connections are not modelled.');
    expect(stdout).toContain('Of --set timeouts={connect: 3s, response: 2s}, timeouts.connect has no effect');
    expect(stdout).toMatch(/It knows neither .* nor how long connecting takes \(timeouts\.connect\)/);
  });
});
