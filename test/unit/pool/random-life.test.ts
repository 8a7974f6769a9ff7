import { describe, expect, it, vi } from 'vitest';
import { seededRandom } from '../../../main/engine/simulation/seeded-random.ts';
import { type Act, randomActs } from '../../support/pool-life/acts.ts';
import { live } from '../../support/pool-life/pool-life.ts';
import { shrink } from '../../support/pool-life/shrink.ts';

const acts = 400;
/** BALLAST_LIFE_SEEDS=5000 looks further; BALLAST_LIFE_SEED=17 looks at one. */
const seeds = process.env.BALLAST_LIFE_SEED
  ? [Number(process.env.BALLAST_LIFE_SEED)]
  : Array.from({ length: Number(process.env.BALLAST_LIFE_SEEDS ?? 40) }, (_, index) => index + 1);

vi.setConfig({ testTimeout: 120_000 + seeds.length * 1_000 });

const failureOf = (sequence: readonly Act[], seed: number): Promise<string | null> =>
  live(sequence, seed).then(
    () => null,
    (error: Error) => error.message,
  );

/** Everything that may be needed to find out what went wrong, in as few steps as there can be. */
async function report(sequence: readonly Act[], seed: number, message: string): Promise<string> {
  const [kind] = message.split(' ').slice(2, 4);
  const shortest = await shrink(sequence, async (each) => {
    const failure = await failureOf(each, seed);
    return failure !== null && failure.split(' ')[2] === kind;
  });
  const lines = shortest.map((act) => `  ${JSON.stringify(act)}`).join('\n');
  return `seed ${seed}: ${(await failureOf(shortest, seed)) ?? message}\nall of it, as few acts as found:\n${lines}`;
}

describe('a pool, whatever happens to it', () => {
  it('picks who is available or says why not, counts right, and keeps sessions where servers are', async () => {
    for (const seed of seeds) {
      const sequence = randomActs(acts, seededRandom(seed));
      const failure = await failureOf(sequence, seed);
      if (failure !== null) expect.fail(await report(sequence, seed, failure));
    }
  });

  it('lives the same life again for the same seed, word for word', async () => {
    for (const seed of seeds.slice(0, 20)) {
      const { trace } = await live(randomActs(acts, seededRandom(seed)), seed);
      expect(trace.length).toBeGreaterThan(acts / 2);
      expect((await live(randomActs(acts, seededRandom(seed)), seed)).trace, `seed ${seed}`).toEqual(trace);
    }
  });
});

describe('shrinking', () => {
  it('leaves what makes a sequence fail, and the first step', async () => {
    const steps = Array.from({ length: 100 }, (_, index) => index);
    const fails = async (each: readonly number[]) => each.includes(17) && each.includes(80);
    expect(await shrink(steps, fails)).toEqual([0, 17, 80]);
  });
});
