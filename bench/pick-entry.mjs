// What bench/pick.mjs measures, bundled with the engine's own modules.
import { parseConfig } from '@shared/config/parse.ts';
import { createCookieCodec } from '../main/engine/affinity/session-cookie.ts';
import { systemClock } from '../main/engine/clock.ts';
import { Exchange } from '../main/engine/exchange.ts';
import { createEventLog } from '../main/engine/journal/event-log.ts';
import { createLimitLog } from '../main/engine/metrics/limit-log.ts';
import { Names, systemLookup } from '../main/engine/names.ts';
import { ServerPool } from '../main/engine/pool/server-pool.ts';
import { createStrategy } from '../main/engine/strategy/registry.ts';
import { Memory } from '../main/engine/threads/memory.ts';

const hash = { kind: 'hash', key: 'header:x-user' };

/** Title, strategy as the file has it, whether servers have different weights. */
export const cases = [
  ['round-robin', 'round-robin', false],
  ['weighted-round-robin', 'weighted-round-robin', true],
  ['least-connections', 'least-connections', true],
  ['power-of-two, equal weights', 'power-of-two', false],
  ['power-of-two', 'power-of-two', true],
  ['least-time', 'least-time', true],
  ['random', 'random', true],
  ['ip-hash', 'ip-hash', true],
  ['hash', hash, true],
  ['hash, bounded load', { ...hash, boundedLoad: 1.25 }, true],
  ['first', 'first', false],
];

function configOf(strategy, servers, isWeighted) {
  const parsed = parseConfig({
    listeners: [{ name: 'web', bind: '127.0.0.1:0', pool: 'api' }],
    pools: [
      {
        name: 'api',
        strategy,
        healthCheck: { type: 'none' },
        servers: Array.from({ length: servers }, (_, index) => ({
          address: `127.0.0.1:${1_024 + index}`,
          weight: isWeighted ? 1 + (index % 7) : 1,
        })),
      },
    ],
  });
  if (!parsed.ok) throw new Error(parsed.problems.map(({ message }) => message).join('; '));
  return parsed.config.pools[0];
}

function poolOf(config) {
  const events = createEventLog({ clock: systemClock, capacity: 10, perSecond: 10 });
  const deps = {
    clock: systemClock,
    random: Math.random,
    events,
    limits: createLimitLog(systemClock, events),
    names: new Names(systemClock, systemLookup, null),
    codec: createCookieCodec(Buffer.alloc(32, 7)),
    memory: new Memory(),
    makeRoom() {},
  };
  return new ServerPool(config, deps, () => undefined);
}

const users = Array.from({ length: 1_024 }, (_, index) => `user-${index}`);

function factsOf() {
  let user = 0;
  return {
    clientAddress: '10.1.2.3',
    target: '/orders',
    header(name) {
      if (name !== 'x-user') return null;
      user = (user + 1) & 1_023;
      return users[user];
    },
  };
}

/** The strategy by itself, handed the pool's servers. */
export function picker(input, servers, isWeighted) {
  const config = configOf(input, servers, isWeighted);
  const candidates = poolOf(config).servers;
  for (const [index, server] of candidates.entries()) server.noteLatency(5 + (index % 11), 1, 10_000);
  const strategy = createStrategy(config.strategy, { notes: new Float64Array(4), random: Math.random });
  const facts = factsOf();
  return (calls) => {
    for (let call = 0; call < calls; call++) strategy.pick(candidates, facts, call & 1_023);
  };
}

/** The whole choice: who is available, whom the strategy picks, what is written down of it, and the end of the attempt. */
export function chooser(input, servers, isWeighted) {
  const pool = poolOf(configOf(input, servers, isWeighted));
  const exchange = new Exchange();
  exchange.facts = factsOf();
  exchange.isExplained = true;
  return (calls) => {
    for (let call = 0; call < calls; call++) {
      exchange.attemptCount = 0;
      pool.choose(exchange);
      const attempt = exchange.attempts[0];
      attempt.begin(systemClock.now());
      attempt.outcome = 'responded';
      attempt.status = 200;
      attempt.endedAt = attempt.startedAt;
      pool.attemptEnded(exchange, attempt);
    }
  };
}
