import { expect, it } from 'vitest';
import { type FailoverOptions, runFailover, usualFailover } from '../support/chaos/failover.ts';

/** `npm run failover -- --help` runs others, for longer, with wrk. */
const asked = process.env.BALLAST_FAILOVER;
const usual: Partial<FailoverOptions>[] = [
  { act: 'kill' },
  { act: 'kill', strategy: 'least-connections', affinity: 'cookie', servers: 4, connections: 32, seconds: 3 },
  { act: 'reset', batching: 'on', seconds: 3 },
  { act: 'pause', seconds: 5 },
];
const runs = (asked ? (JSON.parse(asked) as Partial<FailoverOptions>[]) : usual).map((each) => ({
  ...usualFailover,
  ...each,
}));

it.each(runs)(
  'no GET fails while servers come and go ($act, $servers servers, $connections connections, $strategy, affinity $affinity, batching $batching, threads $threads, seed $seed)',
  async (options) => {
    const { failures, failed, answered, acts, retried, slowestMs, byServer } = await runFailover(options);
    if (asked)
      console.log(
        JSON.stringify({
          ...options,
          answered,
          failed,
          retried,
          // JSON leaves out what was not measured.
          slowestMs: slowestMs && Math.round(slowestMs),
          byServer,
          acts: acts.length,
        }),
      );
    expect(failures.slice(0, 3)).toEqual([]);
    expect(failed).toBe(0);
    expect(answered).toBeGreaterThan(options.connections);
    expect(acts.length).toBeGreaterThan(3);
  },
  180_000,
);
