import type { ContractClient } from '@shared/contract/client.ts';
import type { Metrics } from '@shared/contract/metrics-values.ts';
import type { Publishers } from '@shared/contract/publisher.ts';
import { createStatePublisher, type StatePublisher } from '@shared/contract/state-publisher.ts';
import type { ListenerStatus } from '@shared/contract/system-values.ts';
import type { EventLog } from './event-log.ts';
import { createMetricsRelay } from './metrics-relay.ts';
import { createRequestsRelay } from './requests-relay.ts';

/**
 * The engine's topics, published again by the owner: subscribers keep their subscription while the engine crashes and another
 * takes its place.
 */
export interface EngineRelay {
  readonly topics: Pick<Required<Publishers>, 'servers' | 'listeners' | 'metrics' | 'requests'>;
  /** What the engine listened on last. */
  listeners(): readonly ListenerStatus[];
  follow(client: ContractClient): void;
  /** Whether `onMetrics` is to be told of samples although nobody may subscribe. */
  insistOnMetrics(wanted: boolean): void;
}

export function createEngineRelay(events: EventLog, onMetrics: (metrics: Metrics) => void): EngineRelay {
  const servers = createStatePublisher('servers');
  const listeners = createStatePublisher('listeners');
  const metrics = createMetricsRelay(onMetrics);
  const requests = createRequestsRelay();

  const relayState = <N extends 'servers' | 'listeners'>(
    client: ContractClient,
    publisher: StatePublisher<N>,
  ): void => {
    client.state(publisher.topic, {
      // A new engine knows nothing yet; what the last one knew stands until it is configured.
      onSnapshot: (entries) => {
        if (entries.length > 0) publisher.replace(entries as never);
      },
      onChange: (set, removed) => {
        for (const [key, value] of set) publisher.set(key, value as never);
        for (const key of removed) publisher.remove(key);
      },
    });
  };

  return {
    topics: { servers, listeners, metrics, requests },
    insistOnMetrics: metrics.insist,
    listeners: () => listeners.entries().map(([, status]) => status),
    follow(client) {
      relayState(client, servers);
      relayState(client, listeners);
      metrics.follow(client);
      requests.follow(client);
      client.log(
        'events',
        (batch) => {
          events.missed(batch.dropped);
          for (const entry of batch.entries) events.add(entry);
        },
        0,
      );
    },
  };
}
