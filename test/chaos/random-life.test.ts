import { expect, it } from 'vitest';
import { fleetOf } from '../support/chaos/fleet.ts';
import { play, randomScript, shrink } from '../support/chaos/random-life.ts';

/**
 * `BALLAST_CHAOS_SEED=7 BALLAST_CHAOS_RUNS=100 npm test -- chaos random-life` plays others, `BALLAST_CHAOS_THREADS=2` on several threads,
 * with a Node that can.
 */
const first = Number(process.env.BALLAST_CHAOS_SEED ?? 1);
const runs = Number(process.env.BALLAST_CHAOS_RUNS ?? 6);

const threads = Number(process.env.BALLAST_CHAOS_THREADS ?? 1);

const { steady } = fleetOf('a', 'b', 'c');

it.each(Array.from({ length: runs }, (_, index) => first + index))(
  'nothing is lost and nothing is left in a random life (seed %i)',
  async (seed) => {
    const count = 1 + (seed % 3);
    const servers = steady.slice(0, count);
    const script = randomScript(
      seed,
      servers.map(({ name }) => name),
    );
    const problems = await play(script, servers, threads);
    if (problems.length === 0) return;
    const shortest = await shrink(script, servers, threads);
    expect(problems, `seed ${seed} fails; so does this shorter script: ${JSON.stringify(shortest)}`).toEqual(
      [],
    );
  },
  180_000,
);
