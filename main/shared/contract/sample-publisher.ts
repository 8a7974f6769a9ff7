import type { Publisher, Subscriber } from './publisher.ts';
import type { SampleValues, TopicOfKind } from './topics.ts';

/** Whole frames of which only the latest counts: a subscriber that is still busy with one misses those in between. */
export interface SamplePublisher<N extends TopicOfKind<'sample'>> extends Publisher<N> {
  /** False while nobody listens: then a sample need not even be made. */
  readonly wanted: boolean;
  readonly latest: SampleValues[N] | undefined;
  publish(value: SampleValues[N]): void;
  /** The latest is out of date: whoever subscribes waits for the next. */
  forget(): void;
}

interface Listening {
  readonly subscriber: Subscriber;
  /** Sequence of the sample not yet acknowledged; 0 for none. */
  inFlight: number;
  seen: number;
}

export function createSamplePublisher<N extends TopicOfKind<'sample'>>(topic: N): SamplePublisher<N> {
  const listening = new Set<Listening>();
  let latest: SampleValues[N] | undefined;
  let sequence = 0;

  const offer = (to: Listening): void => {
    if (to.inFlight !== 0 || to.seen === sequence || latest === undefined) return;
    to.inFlight = sequence;
    to.seen = sequence;
    to.subscriber.send({ type: 'sample', topic, sequence, value: latest });
  };

  return {
    topic,
    get wanted() {
      return listening.size > 0;
    },
    get latest() {
      return latest;
    },
    publish(value) {
      latest = value;
      sequence += 1;
      for (const each of [...listening]) offer(each);
    },
    forget() {
      latest = undefined;
    },
    subscribe(subscriber) {
      const own: Listening = { subscriber, inFlight: 0, seen: 0 };
      listening.add(own);
      offer(own);
      return {
        acknowledge(acknowledged) {
          if (acknowledged !== own.inFlight) return;
          own.inFlight = 0;
          offer(own);
        },
        end: () => listening.delete(own),
      };
    },
  };
}
