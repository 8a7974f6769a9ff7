import { createLogFeed } from '@shared/contract/log-publisher.ts';
import type { Publishers } from '@shared/contract/publisher.ts';
import { createSamplePublisher } from '@shared/contract/sample-publisher.ts';
import { createStatePublisher } from '@shared/contract/state-publisher.ts';
import type { Clock } from './clock.ts';
import type { Engine } from './engine.ts';

/** How often logs and states leave; metrics every second time. */
const flushMs = 125;
const requestsPerBatch = 200;
const eventsPerBatch = 1_000;

export interface EngineTopics {
  readonly topics: Publishers;
  /** Publishes states now: something was changed on purpose, and who did it wants to see it. */
  refresh(): void;
  stop(): void;
}

/** Publishes what the engine knows, at a fixed pace however busy it is. */
export function publishEngine(engine: Engine, clock: Clock): EngineTopics {
  const servers = createStatePublisher('servers');
  const listeners = createStatePublisher('listeners');
  const metrics = createSamplePublisher('metrics');
  const requests = createLogFeed('requests', engine.requests, { batch: requestsPerBatch });
  const events = createLogFeed('events', engine.events, { batch: eventsPerBatch });
  let turn = 0;
  let cancel = clock.after(flushMs, flush);

  function refresh(): void {
    servers.replace(engine.servers().map((status) => [status.id, status]));
    listeners.replace(engine.listeners().map((status) => [status.name, status]));
    events.flush();
  }

  function flush(): void {
    turn += 1;
    refresh();
    requests.flush();
    if (!metrics.wanted) metrics.forget();
    else if (turn % 2 === 0) metrics.publish(engine.metrics());
    cancel = clock.after(flushMs, flush);
  }

  return { topics: { servers, listeners, metrics, requests, events }, refresh, stop: () => cancel() };
}
