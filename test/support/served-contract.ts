import type { Channel } from '@shared/contract/channel.ts';
import { ContractError } from '@shared/contract/errors.ts';
import type { BallastEvent } from '@shared/contract/event-values.ts';
import { createLogPublisher } from '@shared/contract/log-publisher.ts';
import type { Metrics } from '@shared/contract/metrics-values.ts';
import type { RequestSummary } from '@shared/contract/request-values.ts';
import { createSamplePublisher } from '@shared/contract/sample-publisher.ts';
import { type ServeOptions, serveContract } from '@shared/contract/server.ts';
import { createStatePublisher } from '@shared/contract/state-publisher.ts';
import type { GeneratorStatus, ListenerStatus } from '@shared/contract/system-values.ts';

export type Served = ReturnType<typeof createServed>;

/** A small real server of the contract: a few commands, a topic of each kind. */
export function createServed() {
  const system = createStatePublisher('system');
  const listeners = createStatePublisher('listeners');
  const metricsTopic = createSamplePublisher('metrics');
  const events = createLogPublisher('events', { capacity: 10 });
  const requests = createLogPublisher('requests', { capacity: 100, batch: 5 });
  const seen: unknown[] = [];
  const logged: string[] = [];
  let finishStart = (): void => {};
  const options: Omit<ServeOptions, 'grant'> = {
    version: '1.2.3',
    topics: { system, listeners, metrics: metricsTopic, events, requests },
    log: (text) => logged.push(text),
    handlers: {
      'event.list': (params) => {
        seen.push(params);
        return { events: [], forgotten: 0 };
      },
      'generator.set': ({ running, ratePerSecond = 1 }) => ({ ...generator(ratePerSecond), running }),
      'server.set-weight': () => ({ revision: 1, note: null }),
      'server.start': async (params) => {
        seen.push(params);
        await new Promise<void>((resolve) => {
          finishStart = resolve;
        });
        return {} as never;
      },
      'server.kill': () => {
        throw new ContractError('invalid-config', 'it is wrong', [
          { path: ['pools', 0], message: 'here', line: 3, column: 5 },
        ]);
      },
      'session.end': ({ id }) => {
        throw new ContractError('not-found', `no session ${id}`);
      },
      'config.undo': () => {
        throw new Error('a secret of the house');
      },
    },
  };
  return {
    system,
    listeners,
    metrics: metricsTopic,
    events,
    requests,
    seen,
    logged,
    finishStart: () => finishStart(),
    over: (channel: Channel, grant: ServeOptions['grant']) => serveContract(channel, { ...options, grant }),
  };
}

export function generator(ratePerSecond: number): GeneratorStatus {
  return { running: true, ratePerSecond, url: null, sent: 0, failed: 0 };
}
export function listener(name: string, openConnections: number): ListenerStatus {
  return { name, address: '127.0.0.1:1', url: 'http://127.0.0.1:1', openConnections };
}
export function metrics(atMs: number): Metrics {
  return { atMs } as Metrics;
}
export function event(sequence: number): BallastEvent {
  return {
    sequence,
    atMs: sequence,
    kind: 'config-applied',
    text: `${sequence}`,
    tone: 'neutral',
    pool: null,
    server: null,
    request: null,
  };
}
export function request(id: number): RequestSummary {
  return { id: String(id) } as RequestSummary;
}
