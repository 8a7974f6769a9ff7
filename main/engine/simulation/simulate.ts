import type { RequestFacts } from '../exchange.ts';
import { hashText } from '../strategy/hash.ts';
import { peakEwma } from '../strategy/peak-ewma.ts';
import { createStrategy } from '../strategy/registry.ts';
import type { Candidate, StrategyOptions } from '../strategy/strategy.ts';
import { Departures } from './departures.ts';
import { seededRandom } from './seeded-random.ts';

/** A server of a simulation. */
export interface SimulatedServer {
  readonly name: string;
  /** More than 0; 1 when left out. */
  readonly weight?: number;
  /** Most requests in flight; no limit when left out. */
  readonly maxRequests?: number;
  /** How long a request takes, in the mean; 10 when left out. */
  readonly serviceMs?: number;
}

/** How requests come, and how long they take. */
export interface SimulatedLoad {
  /** They arrive by chance, at this rate in the mean (Poisson); 0, the default: one after another, each when the one before is answered. */
  readonly ratePerSecond?: number;
  /** Service times: all the mean (the default), or by chance (exponential). */
  readonly serviceTimes?: 'even' | 'exponential';
  /** What the request with this number says of itself; every one from an address of its own when left out. */
  facts?(request: number): RequestFacts;
  /** Called after each pick, the picked request in flight already. */
  onPick?(picked: Candidate, servers: readonly Candidate[], now: number): void;
}

export interface Simulation {
  /** Of each request, the index of its server. */
  readonly picks: Uint16Array;
  /** Of each server. */
  readonly requests: readonly number[];
  readonly mostInFlight: readonly number[];
  /** How long requests waited because every server was at its `maxRequests`, all together. */
  readonly waitedMs: number;
  /** From the first arrival to the last answer. */
  readonly durationMs: number;
}

class SimulatedCandidate implements Candidate {
  readonly id: string;
  readonly weight: number;
  readonly maxRequests: number;
  readonly serviceMs: number;
  readonly seed: number;
  activeRequests = 0;
  mostInFlight = 0;
  requests = 0;
  latencyMs = 0;
  latencyAt = 0;
  turn = 0;
  seen = 0;

  constructor(
    { name, weight = 1, maxRequests = 0, serviceMs = 10 }: SimulatedServer,
    readonly order: number,
  ) {
    this.id = name;
    this.weight = weight;
    this.maxRequests = maxRequests;
    this.serviceMs = serviceMs;
    this.seed = hashText(name);
  }

  get isFull(): boolean {
    return this.maxRequests !== 0 && this.activeRequests >= this.maxRequests;
  }
}

const latencyDecayMs = 10_000;

/**
 * Leads `n` requests to servers by a strategy, on a virtual clock and by chance of its own: the same arguments give the same
 * result. Requests take time, so that the loads a strategy sees are real. Arrivals and service times are the same for every
 * strategy.
 *
 * @param servers at least one
 * @param n requests
 */
export function simulate(
  options: StrategyOptions,
  servers: readonly SimulatedServer[],
  n: number,
  seed: number,
  { ratePerSecond = 0, serviceTimes = 'even', facts = ownAddress, onPick }: SimulatedLoad = {},
): Simulation {
  const arrivalChance = seededRandom(seed);
  const serviceChance = seededRandom(seed ^ 0x5bd1e995);
  const strategy = createStrategy(options, {
    notes: new Float64Array(4),
    random: seededRandom(seed ^ 0x1b873593),
  });
  const decayMs = options.kind === 'least-time' ? options.decayMs : latencyDecayMs;
  const candidates = servers.map((server, order) => new SimulatedCandidate(server, order));
  const hasLimits = candidates.some(({ maxRequests }) => maxRequests !== 0);
  const departures = new Departures();
  const picks = new Uint16Array(n);
  let now = 0;
  let nextArrival = 0;
  let waitedMs = 0;

  const depart = (): void => {
    const { at, server, serviceMs } = departures.take();
    now = Math.max(now, at);
    const candidate = candidates[server]!;
    candidate.activeRequests -= 1;
    candidate.latencyMs = peakEwma(candidate.latencyMs, candidate.latencyAt, serviceMs, at, decayMs);
    candidate.latencyAt = at;
  };

  for (let request = 0; request < n; request++) {
    if (ratePerSecond === 0) while (departures.size > 0) depart();
    else {
      while (departures.size > 0 && departures.nextAt <= nextArrival) depart();
      now = Math.max(now, nextArrival);
    }
    const arrivedAt = now;
    let open: readonly SimulatedCandidate[] = candidates;
    if (hasLimits) {
      while (candidates.every(({ isFull }) => isFull)) depart();
      open = candidates.filter(({ isFull }) => !isFull);
    }
    waitedMs += now - arrivedAt;
    const picked = strategy.pick(open, facts(request), now);
    picked.activeRequests += 1;
    picked.requests += 1;
    picked.mostInFlight = Math.max(picked.mostInFlight, picked.activeRequests);
    picks[request] = picked.order;
    onPick?.(picked, open, now);
    const stretch = serviceTimes === 'even' ? 1 : exponential(serviceChance);
    const serviceMs = picked.serviceMs * stretch;
    departures.add(now + serviceMs, picked.order, serviceMs);
    if (ratePerSecond !== 0) nextArrival += (1_000 / ratePerSecond) * exponential(arrivalChance);
  }
  while (departures.size > 0) depart();
  return {
    picks,
    requests: candidates.map(({ requests }) => requests),
    mostInFlight: candidates.map(({ mostInFlight }) => mostInFlight),
    waitedMs,
    durationMs: now,
  };
}

/** Of mean 1. */
function exponential(random: () => number): number {
  return -Math.log(1 - random());
}

function ownAddress(request: number): RequestFacts {
  return {
    clientAddress: `10.${(request >> 16) & 255}.${(request >> 8) & 255}.${request & 255}`,
    target: '/',
    header: () => null,
  };
}
