import type { Clock } from '../../../main/engine/clock.ts';
import type { AttemptRecord, Exchange } from '../../../main/engine/exchange.ts';
import { renderDecision } from '../../../main/engine/journal/render-decision.ts';
import type { Server } from '../../../main/engine/pool/server.ts';
import type { ServerPool } from '../../../main/engine/pool/server-pool.ts';
import { insist } from './insist.ts';
import { QueuePromises } from './queue-promises.ts';
import { RequestPromises } from './request-promises.ts';

/**
 * What a pool promises whatever happens to it, looked after from outside: by the facts of its servers, and by counting along. Nothing
 * here asks the code that decides.
 */
export class Promises {
  readonly #pool: ServerPool;
  readonly #clock: Clock;
  readonly #inFlight = new Map<Server, number>();
  readonly #requests: RequestPromises;
  readonly #queue: QueuePromises;

  constructor(pool: ServerPool, clock: Clock) {
    this.#pool = pool;
    this.#clock = clock;
    this.#requests = new RequestPromises(pool, clock);
    this.#queue = new QueuePromises(pool, clock);
  }

  /** Something was told or done that may open or close a server. */
  changed(): void {
    this.#queue.changed();
  }

  begins(exchange: Exchange): void {
    this.#requests.begins(exchange);
  }

  /** A server was chosen, and counts the request already. */
  picked(exchange: Exchange, attempt: AttemptRecord): void {
    const server = attempt.server!;
    this.#inFlight.set(server, (this.#inFlight.get(server) ?? 0) + 1);
    insist(this.#pool.servers.includes(server), `${server.name} was picked and is not in the pool`);
    this.#looksAvailable(exchange, attempt, server);
    this.#isSession(exchange, attempt, server);
    this.#requests.picked(exchange, attempt);
    this.#queue.picked(exchange, attempt, this.#requests.open);
  }

  attemptEnded(exchange: Exchange, { server }: AttemptRecord): void {
    this.#inFlight.set(server!, this.#inFlight.get(server!)! - 1);
    this.#requests.attemptEnded(exchange);
  }

  /** A server that was not ejected before is so now. */
  ejected(text: string): void {
    const { maxEjectedPercent, ejectLast } = this.#pool.config.outlierDetection;
    const inService = this.#pool.servers.filter(({ adminState }) => adminState !== 'maintenance');
    const out = inService.filter(({ ejectedUntil }) => ejectedUntil !== 0);
    const most = Math.max(1, Math.floor((inService.length * maxEjectedPercent) / 100));
    insist(out.length <= most, `"${text}", and with it ${names(out)} are out, ${most} at most`);
    const isSomeoneLeft = inService.some((server) => this.#takesNew(server, null));
    insist(ejectLast || isSomeoneLeft, `"${text}", and it was the last`);
  }

  ended(exchange: Exchange): void {
    this.#requests.ended(exchange);
    // Who was turned away at once was so because nobody was there, and is told.
    const { unserved, attemptCount } = exchange;
    if (exchange.status !== 503 || attemptCount > 0 || unserved === null || exchange.busy) return;
    insist(exchange.error !== null && exchange.error !== '', 'a request was refused without a word');
    if (unserved.affinity === 'rejected' || /\(circuitBreaker/.test(exchange.error!)) return;
    const open = this.#open(exchange, 0, null);
    insist(open.length === 0, `a request was refused although ${names(open)} would have taken it`);
  }

  /** Between two acts. */
  check(): void {
    const pool = this.#pool;
    for (const [server, count] of this.#inFlight) {
      insist(count >= 0, `${server.name} ended more attempts than it began`);
      insist(
        server.activeRequests === count,
        `${server.name} counts ${server.activeRequests} in flight, and there are ${count}`,
      );
      if (count === 0 && !pool.servers.includes(server)) this.#inFlight.delete(server);
    }
    this.#requests.check();
    this.#queue.check(this.#requests.open, this.#requests.inFlight);
    for (const server of pool.servers) {
      const { consecutiveFailures, failedAttempts, timesEjected } = server;
      const counts = { consecutiveFailures, failedAttempts, timesEjected };
      for (const [name, count] of Object.entries(counts))
        insist(count >= 0, `${server.name} counts ${count} ${name}`);
    }
    this.#sessionsStand();
  }

  /** Long after the last request. */
  checkEnd(): void {
    const { queue, servers, activeRequests } = this.#pool;
    this.#requests.checkEnd();
    insist(activeRequests === 0, `the pool keeps ${activeRequests} in flight`);
    insist(queue.length === 0, `${queue.length} wait for ever`);
    for (const server of servers)
      insist(server.activeRequests === 0, `${server.name} keeps ${server.activeRequests} in flight`);
  }

  /** The pick takes requests of this client, or the decision says in words why it was asked all the same. */
  #looksAvailable(exchange: Exchange, attempt: AttemptRecord, server: Server): void {
    const decision = attempt.decision!;
    const now = this.#clock.now();
    const isBound = decision.affinity === 'kept' && !decision.strategyAsked;
    const isPanic = decision.panicReady > 0;
    const { sentence } = renderDecision(decision, []);
    const earlier = exchange.attempts.slice(0, exchange.attemptCount - 1);
    const wasTried = earlier.some((each) => each.server === server);
    const is = (what: string): string => `${server.name} was picked and is ${what}; "${sentence}"`;

    insist(server.adminState !== 'maintenance', is('in maintenance'));
    insist(server.adminState !== 'drain' || isBound, is('draining, and the client has no session there'));
    insist(server.configuredWeight > 0 || isBound, is('of weight 0'));
    const { maxRequests, activeRequests } = server;
    insist(maxRequests === 0 || activeRequests <= maxRequests, is(`full: ${activeRequests}/${maxRequests}`));

    const isEjected =
      server.ejectedUntil !== 0 &&
      (now < server.ejectedUntil || (server.isOnTrial && !server.isTrial(attempt)));
    const isOut = server.verdict === 'unhealthy' || isEjected || wasTried;
    const isLast = decision.lastResort !== null && !isBound;
    const facts = `${server.verdict}, ejected: ${isEjected}, tried: ${wasTried}`;
    insist(!isOut || (isPanic && !wasTried) || isLast, is(facts));
    if (isLast) {
      insist(isOut, is('called the last resort, and well'));
      this.#mayBeLast(server, { isEjected, earlier }, now, is);
      insist(lastWords(server, { isEjected, wasTried }).test(sentence), is(`${facts}, and the words differ`));
    }
    insist(
      !isPanic || (isBound && !isOut) || /panic/.test(sentence),
      is('picked in panic without a word of it'),
    );
    const isKept = isBound && (isOut || server.adminState === 'drain' || server.configuredWeight === 0);
    insist(!isKept || !/which was available/.test(sentence), is('told to have been available'));
    const open = this.#open(exchange, exchange.attemptCount - 1, attempt);
    if (isLast) insist(open.length === 0, is(`the last resort although ${names(open)} could be asked`));
    if (isBound || isPanic || isLast) return;
    const better = open.filter((other) => other.level < server.level);
    insist(better.length === 0, is(`of a worse level than ${names(better)}`));
  }

  /** The only cases in which somebody is asked who is not available, as docs/guide/failing-servers.md lists them. */
  #mayBeLast(
    server: Server,
    { isEjected, earlier }: { readonly isEjected: boolean; readonly earlier: readonly AttemptRecord[] },
    now: number,
    is: (what: string) => string,
  ): void {
    const isHopeful = server.unreachableAt !== 0 || server.answersProbes;
    insist(server.verdict !== 'unhealthy' || isHopeful, is('unhealthy: it answers its probes badly'));
    const { ejectLast } = this.#pool.config.outlierDetection;
    insist(!isEjected || server.verdict === 'unhealthy' || !ejectLast, is('ejected, with ejectLast'));
    const last = earlier.findLast((each) => each.server === server);
    insist(!last || now - last.endedAt >= 100, is('asked again at once after it failed this request'));
  }

  /** Servers that this request could be led to as a new client's; on a retry only those that were reached when last tried. */
  #open(exchange: Exchange, attempts: number, picked: AttemptRecord | null): Server[] {
    const tried = exchange.attempts.slice(0, attempts).map(({ server }) => server);
    return this.#pool.servers.filter(
      (server) =>
        this.#takesNew(server, picked) &&
        !tried.includes(server) &&
        (attempts === 0 || server.unreachableAt === 0),
    );
  }

  /** @param picked an attempt that was led there just now, and does not count yet */
  #takesNew(server: Server, picked: AttemptRecord | null): boolean {
    const now = this.#clock.now();
    const own = picked?.server === server ? 1 : 0;
    const isFull = server.maxRequests !== 0 && server.activeRequests - own >= server.maxRequests;
    const trial = server.isOnTrial && !(picked && server.isTrial(picked));
    const isEjected = server.ejectedUntil !== 0 && (now < server.ejectedUntil || trial);
    return (
      server.adminState === 'ready' &&
      server.verdict !== 'unhealthy' &&
      server.configuredWeight > 0 &&
      !isFull &&
      !isEjected
    );
  }

  /** A request with a session goes where that points, and it points at a server of the pool. */
  #isSession(exchange: Exchange, attempt: AttemptRecord, server: Server): void {
    const { affinity } = attempt.decision!;
    if (affinity === null || affinity === 'none' || affinity === 'lent') return;
    const { session } = exchange;
    insist(session !== null, `a request was ${affinity} without a session`);
    insist(
      session!.server.id === server.id,
      `the session points at ${session!.server.id}, and its request went to ${server.id}`,
    );
  }

  #sessionsStand(): void {
    const { sessions } = this.#pool;
    const listed = sessions.list(() => true, 1_000);
    insist(sessions.count === listed.total, `${sessions.count} sessions are counted, ${listed.total} listed`);
    for (const { id, server, hits } of listed.sessions) {
      insist(hits > 0, `session ${id} counts ${hits} requests`);
      insist(
        this.#pool.servers.some((each) => each.id === server),
        `session ${id} points at ${server}, which is not in the pool`,
      );
    }
  }
}

/** What the decision has to say of somebody who was asked although nobody was available. */
function lastWords(
  server: Server,
  { isEjected, wasTried }: { readonly isEjected: boolean; readonly wasTried: boolean },
): RegExp {
  const { name, unreachableAt, verdict } = server;
  const words = wasTried
    ? `${name}, which failed this request .+ ago, was asked once more, since it may be back`
    : unreachableAt !== 0
      ? `${name}, where nobody listened .+ ago, was asked all the same, since that may have changed`
      : verdict === 'unhealthy'
        ? `${name} was asked although it still counts as unhealthy, since its last probe went well`
        : isEjected
          ? `${name} was asked although it is ejected \\(outlierDetection[^)]*\\), since no ejection may empty a pool`
          : 'nothing';
  return new RegExp(`No server was available; ${words}`);
}

function names(servers: readonly Server[]): string {
  return servers.map(({ name }) => name).join(', ');
}
