import type { Unsubscribe } from '@shared/contract/channel.ts';
import type { ContractClient } from '@shared/contract/client.ts';
import type { Metrics } from '@shared/contract/metrics-values.ts';
import type { Publisher, Subscriber, Subscription } from '@shared/contract/publisher.ts';
import { createSamplePublisher } from '@shared/contract/sample-publisher.ts';

/** The engine's metrics, published again. */
export interface MetricsRelay extends Publisher<'metrics'> {
  /** From now on this engine's. */
  follow(client: ContractClient): void;
  /** Whether samples are wanted although nobody may subscribe. */
  insist(wanted: boolean): void;
}

/**
 * Follows the engine's metrics only while somebody wants them: to sum them up and tell of them four times a second is half of what an
 * engine costs that has nothing to do. What was known before is forgotten then, so that nobody is shown an old sample for the present one.
 *
 * @param onMetrics told of every sample that comes
 */
export function createMetricsRelay(onMetrics: (metrics: Metrics) => void): MetricsRelay {
  const publisher = createSamplePublisher('metrics');
  let client: ContractClient | undefined;
  let readers = 0;
  let isInsisted = false;
  let stopFollowing: Unsubscribe | undefined;

  function begin(from: ContractClient): void {
    stopFollowing = from.sample('metrics', (value) => {
      publisher.publish(value);
      onMetrics(value);
    });
  }

  /** Follows, or does not, as is wanted now. */
  function settle(): void {
    const isWanted = readers > 0 || isInsisted;
    if (isWanted && client && !stopFollowing) begin(client);
    if (isWanted || !stopFollowing) return;
    stopFollowing();
    stopFollowing = undefined;
    publisher.forget();
  }

  return {
    topic: 'metrics',
    follow(next) {
      client = next;
      // What was followed is gone with its engine.
      stopFollowing = undefined;
      settle();
    },
    insist(wanted) {
      isInsisted = wanted;
      settle();
    },
    subscribe(subscriber: Subscriber): Subscription {
      readers += 1;
      settle();
      const inner = publisher.subscribe(subscriber);
      let isCounted = true;
      return {
        acknowledge: (sequence) => inner.acknowledge(sequence),
        end() {
          inner.end();
          if (!isCounted) return;
          isCounted = false;
          readers -= 1;
          settle();
        },
      };
    },
  };
}
