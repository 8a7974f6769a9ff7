import { readFileSync } from 'node:fs';
import type { ContractError } from '@shared/contract/errors.ts';
import { afterEach, describe, expect, it } from 'vitest';
import { seededRandom } from '../../../main/engine/simulation/seeded-random.ts';
import { type OwnerKit, startOwner } from '../../support/owner-kit.ts';
import { until } from '../../support/until.ts';

let kit: OwnerKit | null = null;
afterEach(async () => {
  await kit?.stop();
  kit = null;
});

/** What no edit here speaks of, and every one has to leave as it is. */
const settings = [
  '    retry: { attempts: 4, hedge: { after: 40ms, most: 2 }, backoff: { base: 20ms }, budgetPercent: 5 }',
  '    timeouts: { attempt: 300ms, request: 2s } # both',
  '    outlierDetection: { failurePercent: 30, latencyFactor: 4, maxEjectedPercent: 50, ejectLast: true }',
  '    circuitBreaker: { failurePercent: 50 }',
  '    queue: { length: 20, timeout: 1s }',
];

const textWith = (lines: readonly string[]): string => `version: 1
listeners:
  - { name: web, bind: 127.0.0.1:0, pool: api }
pools:
  - name: api
    healthCheck: { type: none }
${lines.map((line) => `${line}\n`).join('')}    servers:
      - { name: a, address: 127.0.0.1:3001 }
      - { name: b, address: 127.0.0.1:3002 }
`;

const edits = 80;

const editKinds = [
  'weight',
  'strategy',
  'affinity',
  'batching',
  'add',
  'remove',
  'undo',
  'undo',
  'redo',
  'nobody',
] as const;

/** BALLAST_EDIT_SEEDS=200 looks further. */
const seeds = Array.from({ length: Number(process.env.BALLAST_EDIT_SEEDS ?? 3) }, (_, index) => index + 1);

/** Where the file has been and can go back to, kept beside the owner's own history. */
interface Expected {
  revision: number;
  readonly done: string[];
  readonly undone: string[];
}

describe('random edits, undone and redone', () => {
  it.each(seeds)('take the revision one on each, or leave all as it was (seed %i)', async (seed) => {
    const random = seededRandom(seed);
    const lines = settings.filter(() => random() < 0.7);
    kit = await startOwner(textWith(lines));
    const { client, path, state } = kit;
    const below = (limit: number): number => Math.floor(random() * limit);
    const some = <T>(items: readonly T[]): T => items[below(items.length)]!;
    const expected: Expected = { revision: 1, done: [], undone: [] };
    const file = (): string => readFileSync(path, 'utf8');
    // The snapshot of the state may still be on its way.
    await until('the configuration is told', () => state('config').current !== undefined);
    const left = (): object => {
      const { retry, timeouts, outlierDetection, circuitBreaker, queue } =
        state('config').current!.config.pools[0]!;
      return { retry, timeouts, outlierDetection, circuitBreaker, queue };
    };
    const untouched = left();
    const servers = (): string[] => state('config').current!.config.pools[0]!.servers.map(({ name }) => name);
    let added = 0;

    async function act(expectedRevision: number | undefined): Promise<{ revision: number }> {
      const insist = expectedRevision === undefined ? {} : { expectedRevision };
      const pool = 'api';
      switch (some(editKinds)) {
        case 'weight':
          return client.call('server.set-weight', {
            pool,
            server: some(servers()),
            weight: below(9),
            ...insist,
          });
        case 'strategy': {
          const strategy = some(['round-robin', 'least-connections', 'ip-hash', 'weighted-round-robin']);
          return client.call('pool.set-strategy', { pool, strategy, ...insist });
        }
        case 'affinity':
          return client.call('pool.set-affinity', {
            pool,
            affinity: some(['none', 'cookie', 'client-ip']),
            ...insist,
          });
        case 'batching':
          return client.call('pool.set-batching', {
            pool,
            batching: some(['off', 'adaptive', 'on']),
            ...insist,
          });
        case 'add':
          added += 1;
          return client.call('server.add', { pool, address: `127.0.0.1:${4_000 + added}`, ...insist });
        case 'remove':
          return client.call('server.remove', { pool, server: some(servers()), ...insist });
        case 'undo':
          return travel('config.undo', expected.done, expected.undone, insist);
        case 'redo':
          return travel('config.redo', expected.undone, expected.done, insist);
        default:
          return client.call('server.set-weight', { pool, server: 'nobody', weight: 1, ...insist });
      }
    }

    /** Whatever was there before is there again, to the letter. */
    async function travel(
      command: 'config.undo' | 'config.redo',
      from: string[],
      to: string[],
      insist: { expectedRevision?: number },
    ): Promise<{ revision: number }> {
      const before = file();
      const result = await client.call(command, insist);
      const wanted = from.pop();
      expect(file()).toBe(wanted);
      to.push(before);
      return { ...result, revision: -result.revision };
    }

    for (let step = 0; step < edits; step++) {
      const before = file();
      const { revision } = expected;
      const insisted = some([undefined, revision, revision, revision - 1, revision + 1]);
      const result = await act(insisted).catch((error: ContractError) => error);
      const where = `seed ${seed}, step ${step}`;
      if (result instanceof Error) {
        expect(['conflict', 'not-found', 'invalid-config'], `${where}: ${result.message}`).toContain(
          result.code,
        );
        expect(file(), where).toBe(before);
      } else {
        expect(insisted ?? revision, `${where}: an edit of another revision was made`).toBe(revision);
        expect(Math.abs(result.revision), where).toBe(revision + 1);
        if (result.revision > 0) {
          expected.done.push(before);
          expected.undone.length = 0;
        }
        expected.revision += 1;
      }
      const told = (): number | undefined => state('config').current?.revision;
      await until(`${where}: the revision is told`, () => told() === expected.revision);
      const { canUndo, canRedo } = state('config').current!;
      expect(left(), where).toEqual(untouched);
      for (const line of lines) expect(file(), where).toContain(line);
      expect([canUndo, canRedo], where).toEqual([expected.done.length > 0, expected.undone.length > 0]);
    }
    expect(expected.revision).toBeGreaterThan(edits / 4);
  });
});
