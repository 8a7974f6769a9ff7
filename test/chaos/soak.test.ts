import { afterEach, expect, it } from 'vitest';
import { type CliRig, startCliRig } from '../support/chaos/cli-rig.ts';
import { startGetLoad } from '../support/chaos/get-load.ts';
import { type HavocKind, startHavoc } from '../support/chaos/havoc.ts';
import { createOutages } from '../support/chaos/outages.ts';
import { startSoak } from '../support/chaos/soak.ts';
import { seededRandom } from '../support/random.ts';
import { until } from '../support/until.ts';

/** `npm run soak -- --seconds 600` and `npm run soak -- --requests 1000000` run longer. */
const seconds = Number(process.env.BALLAST_SOAK_SECONDS ?? 30);
/** Where nothing else is said, enough to see what 200 bytes of each request would add up to. */
const requests = Number(process.env.BALLAST_SOAK_REQUESTS ?? 60_000);
const seed = Number(process.env.BALLAST_SOAK_SEED ?? 1);
const threads = Number(process.env.BALLAST_SOAK_THREADS ?? 1);
const isLong = process.env.BALLAST_SOAK_TELL !== undefined;
const tell = (line: string): void => {
  if (isLong) console.log(line);
};

let rig: CliRig | undefined;
afterEach(async () => {
  await rig?.dispose();
  rig = undefined;
});

/** Whole answers of each kind of client that make a run worth looking at. */
const leastWhole: Readonly<Record<string, number>> = { getter: 500, newcomer: 50, poster: 50 };

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

/** The least of some seconds of rest: what the collector has not got round to is not a leak. */
async function restingMb(running: CliRig): Promise<number> {
  const seen: number[] = [];
  for (let look = 0; look < 8; look++) {
    await pause(500);
    seen.push(running.memoryMb());
  }
  return Math.min(...seen);
}

async function nothingIsLeft(running: CliRig): Promise<void> {
  await until(
    'nothing to be left',
    async () => {
      const { metrics, resources } = await running.status();
      const busy = metrics.total.activeRequests + metrics.pools.api!.activeRequests;
      const { clientConnections, serverConnections, idleServerConnections, leasedBuffers, keptBytes } =
        resources;
      const held =
        clientConnections + (serverConnections - idleServerConnections) + leasedBuffers + keptBytes;
      return busy === 0 && held === 0;
    },
    15_000,
  );
}

const soak = (): void =>
  it(
    `mixed traffic for ${seconds} s while servers die, hiccup and reset: nothing that could be saved is lost, memory stays flat`,
    async () => {
      rig = await startCliRig(3, ['timeouts: { response: 5s }'], threads);
      const running = rig;
      const random = seededRandom(seed);
      const outages = createOutages();
      const traffic = startSoak(running.port, seed, outages);
      const enough = (): boolean =>
        Object.entries(traffic.counts).every(
          ([name, { sent, whole }]) => (name === 'leaver' ? sent : whole) >= (leastWhole[name] ?? 10),
        );
      const memory: number[] = [];
      const ends = performance.now() + seconds * 1_000;
      const acts: string[] = [];
      // A busy machine takes longer for the same.
      while (
        performance.now() < ends ||
        (!enough() && traffic.problems.length === 0 && performance.now() < ends + 120_000)
      ) {
        // One kind at a time, each undone before the next begins; a server that is stopped goes on before it is timed out.
        const kind = (['kill', 'pause', 'reset'] as HavocKind[])[Math.floor(random() * 3)]!;
        const havoc = startHavoc(running.servers, kind, random, { outages });
        for (let look = 0; look < 8; look++) {
          await pause(250);
          memory.push(running.memoryMb());
        }
        await havoc.stop();
        // In this time nothing at all may be lost.
        await pause(2_500);
        acts.push(...havoc.acts);
      }
      await traffic.stop();
      tell(`${acts.length} acts on servers; ${JSON.stringify(traffic.counts)}`);
      expect(traffic.problems).toEqual([]);
      expect(enough(), JSON.stringify(traffic.counts)).toBe(true);
      await nothingIsLeft(running);
      const fifth = Math.floor(memory.length / 5);
      const [before, after] = [median(memory.slice(fifth, fifth * 2)), median(memory.slice(-fifth))];
      tell(
        `memory, MiB: ${before.toFixed(1)} in the second fifth, ${after.toFixed(1)} in the last, ${(await restingMb(running)).toFixed(1)} at rest`,
      );
      // A short run ends while buffers and the journal still fill up.
      expect(after).toBeLessThan(before * (seconds > 120 ? 1.1 : 1.25) + 10);
      expect(running.stderr()).toBe('');
    },
    (seconds + 300) * 1_000,
  );

/** A short run ends while tables and compiled code still fill up, whatever is asked for. */
const slackMb = requests >= 1_000_000 ? 0 : 12;

const manyRequests = (): void =>
  it(`memory after ${requests} requests is within 10 %${slackMb > 0 ? ` and ${slackMb} MiB` : ''} of that after a tenth of them`, async () => {
    rig = await startCliRig(2, [], threads);
    const running = rig;
    const reach = async (answered: number): Promise<number> => {
      const load = startGetLoad(running.port, 64);
      await until(`${answered} answers`, () => load.answered >= answered, 3_000_000);
      expect((await load.stop()).failures).toEqual([]);
      return restingMb(running);
    };
    const early = await reach(requests / 10);
    // What lies between tells a slope from a plateau.
    for (const _quarter of [1, 2, 3]) tell(`${(await reach(requests * 0.225)).toFixed(1)} MiB`);
    const late = await reach(requests * 0.225);
    const { metrics } = await running.status();
    tell(
      `after ${requests / 10} requests ${early.toFixed(1)} MiB, after ${metrics.total.requests} ${late.toFixed(1)} MiB: ${(late / early).toFixed(3)} x`,
    );
    expect(late).toBeLessThan(early * 1.1 + slackMb);
    await nothingIsLeft(running);
  }, 3_600_000);

// A long run is of one kind, the one that was asked for.
if (!isLong || process.env.BALLAST_SOAK_REQUESTS === undefined) soak();
if (!isLong || process.env.BALLAST_SOAK_REQUESTS !== undefined) manyRequests();
