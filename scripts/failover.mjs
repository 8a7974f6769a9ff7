import { parseArgs } from 'node:util';
import { nodeFor } from './lib/newer-node.mjs';
import { run } from './lib/run.mjs';

/**
 * GETs without pause while servers are killed, stopped or made to reset, at random every 300 ms: none may fail as long as one server
 * is well. `npm test` runs the same for a few seconds.
 */
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '20' },
    connections: { type: 'string', default: '64' },
    servers: { type: 'string', default: '3' },
    act: { type: 'string', default: 'kill' },
    strategy: { type: 'string', default: 'round-robin' },
    affinity: { type: 'string', default: 'none' },
    batching: { type: 'string', default: 'off' },
    load: { type: 'string', default: 'wrk' },
    seed: { type: 'string', default: '1' },
    threads: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '1' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(
    'npm run failover -- [--seconds 20] [--connections 64] [--servers 3] [--act kill|pause|reset] [--strategy KIND] [--affinity none|cookie|client-ip] [--batching off|on|adaptive] [--load wrk|own] [--seed 1] [--rounds 1] [--threads 1]',
  );
} else {
  const { seconds, connections, servers, seed, rounds, threads, help: _, ...rest } = values;
  const runs = Array.from({ length: Number(rounds) }, (_each, round) => ({
    ...rest,
    seconds: Number(seconds),
    connections: Number(connections),
    servers: Number(servers),
    seed: Number(seed) + round,
    threads: Number(threads),
  }));
  const vitest = [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--project',
    'chaos',
    'test/chaos/failover.test.ts',
  ];
  const env = { ...process.env, BALLAST_FAILOVER: JSON.stringify(runs) };
  const { code } = await run(nodeFor(threads), vitest, { env });
  process.exitCode = code ?? 1;
}
