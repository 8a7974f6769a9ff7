import type { ProbeResult } from '../../../main/engine/health/probe.ts';
import { renderDecision } from '../../../main/engine/journal/render-decision.ts';
import { Tally } from '../../../main/engine/simulation/figures.ts';
import { seededRandom } from '../../../main/engine/simulation/seeded-random.ts';
import type { ModelledAttempt } from '../../../main/engine/simulation/modelled-attempt.ts';
import { SimulatedClients } from '../../../main/engine/simulation/simulated-client.ts';
import { createSimulatedPool } from '../../../main/engine/simulation/simulated-pool.ts';
import { SimulatedRequest } from '../../../main/engine/simulation/simulated-request.ts';
import type { SimulatedRun } from '../../../main/engine/simulation/simulated-run.ts';
import { SimulatedTime } from '../../../main/engine/simulation/simulated-time.ts';
import { createVirtualClock } from '../../../main/engine/simulation/virtual-clock.ts';
import { poolConfig } from '../engine-kit.ts';
import { recordedRequest } from '../recordings.ts';
import { type Act, firstPort, type Mood, serverNames } from './acts.ts';
import { insist } from './insist.ts';
import { Promises } from './promises.ts';

/** What became of a pool's life: every event, every pick with its reason, every end. */
export interface Life {
  readonly trace: readonly string[];
}

/**
 * Lets all that happen to the engine's own pool, on a clock of its own, and sees after each step that the pool's promises hold.
 *
 * @throws Error that names the broken promise and the act behind which it was found
 */
export async function live(acts: readonly Act[], seed: number): Promise<Life> {
  const [first, ...rest] = acts;
  if (first?.do !== 'configure') throw new Error('a life begins with a configuration');
  const clock = createVirtualClock();
  const random = seededRandom(seed);
  const moods = new Map<string, Mood>();
  const trace: string[] = [];
  /** Servers that are ejected, by what was told. */
  const out = new Set<string>();
  let broken: Error | null = null;
  const tell = (text: string): void => void trace.push(`${clock.now()} ${text}`);

  const pool = createSimulatedPool(poolConfig(first.pool), {
    clock,
    random,
    eventsPerSecond: Number.POSITIVE_INFINITY,
    told: ({ kind, text, server }) => {
      tell(`${kind}: ${text}`);
      try {
        promises.changed();
        if (kind === 'server-returned') insist(out.delete(server!), `"${text}", and it was not away`);
        if (kind !== 'server-ejected') return;
        out.add(server!);
        // Who failed its trial was out before.
        if (!text.includes('its trial request')) promises.ejected(text);
      } catch (error) {
        // Whoever told it may be a probe, of which nobody hears.
        broken ??= error as Error;
      }
    },
    probe: (_, { address }) =>
      new Promise((resolve) => {
        clock.after(2, () => {
          time.promised();
          resolve(probed(moods.get(serverNames[address.port - firstPort]!)));
        });
      }),
  });
  const time = new SimulatedTime(clock, pool);
  const promises = new Promises(pool, clock);
  const run: SimulatedRun = {
    clock,
    pool,
    model: {
      attempt: ({ id }, server, _at, { responseMs }) =>
        answered(moods.get(server.split('/')[1]!), Number(id), responseMs),
    },
    clients: new SimulatedClients([recordedRequest(0, [], { session: 's' })], pool.config, pool.config),
    tally: new Tally([]),
    startedAt: clock.now(),
    observer: {
      picked(exchange, attempt) {
        promises.picked(exchange, attempt);
        const { sentence } = renderDecision(attempt.decision!, []);
        tell(`${exchange.id} goes to ${attempt.server!.name}: ${sentence}`);
      },
      attemptEnded: (exchange, attempt) => promises.attemptEnded(exchange, attempt),
      ended(exchange) {
        promises.ended(exchange);
        tell(`${exchange.id} ends with ${exchange.status}${exchange.error ? `: ${exchange.error}` : ''}`);
      },
    },
  };
  let requests = 0;

  async function perform(act: Act): Promise<void> {
    if (act.do === 'admin' || act.do === 'configure') promises.changed();
    switch (act.do) {
      case 'request': {
        requests += 1;
        const who = { client: `127.0.0.${1 + act.client}`, session: `s${act.client}` };
        const recorded = recordedRequest(0, [], { ...who, id: String(requests), method: act.method });
        const request = new SimulatedRequest(recorded, requests, run);
        promises.begins(request.exchange);
        request.begin();
        break;
      }
      case 'pass':
        await time.passUntil(clock.now() + act.ms);
        break;
      case 'mood':
        moods.set(serverNames[act.server]!, act.mood);
        break;
      case 'admin': {
        const server = pool.servers.find(({ name }) => name === serverNames[act.server]);
        if (server) pool.setAdminState(server, act.state, act.drainMs);
        break;
      }
      case 'end-session': {
        const { sessions } = pool.sessions.list(() => true, 100);
        const session = sessions[act.session];
        if (session) pool.sessions.end(session.id);
        break;
      }
      case 'move-session': {
        const session = pool.sessions.list(() => true, 100).sessions[act.session];
        const server = pool.servers.find(({ name }) => name === serverNames[act.server]);
        if (session && server) pool.sessions.move(session.id, server);
        break;
      }
      case 'pin-session': {
        const session = pool.sessions.list(() => true, 100).sessions[act.session];
        if (session) pool.sessions.pin(session.id, act.pinned);
        break;
      }
      case 'configure':
        pool.configure(poolConfig(act.pool), () => undefined);
    }
  }

  pool.start();
  for (const [index, act] of [...rest, { do: 'pass', ms: 10_000 } as const].entries()) {
    try {
      await perform(act);
      time.happened();
      promises.check();
      if (broken !== null) throw broken;
    } catch (error) {
      throw new Error(`${(error as Error).message}\nbehind act ${index + 1}: ${JSON.stringify(act)}`);
    }
  }
  promises.checkEnd();
  pool.stop();
  return { trace };
}

function probed(mood: Mood = 'well'): ProbeResult {
  const connected = mood !== 'refuses';
  return { succeeded: connected && mood !== 'hangs', connected, ownFault: false, detail: mood };
}

function answered(mood: Mood = 'well', request: number, responseMs: number): ModelledAttempt {
  const quickMs = 1 + ((request * 7_919) % 40);
  switch (mood) {
    case 'well':
      return { outcome: 'responded', status: 200, durationMs: quickMs };
    case 'slow':
      return { outcome: 'responded', status: 200, durationMs: Math.min(quickMs * 6, responseMs) };
    case 'refuses':
      return { outcome: 'connect-failed', status: 0, durationMs: 0.5 };
    case 'breaks':
      return {
        outcome: request % 3 === 0 ? 'failed-mid-response' : 'closed-before-response',
        status: request % 3 === 0 ? 200 : 0,
        durationMs: quickMs,
      };
    case 'hangs':
      return { outcome: 'timed-out', status: 0, durationMs: responseMs };
    case 'errors':
      return { outcome: 'responded', status: 503, durationMs: quickMs };
  }
}
