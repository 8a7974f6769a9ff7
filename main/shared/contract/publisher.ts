import type { Unsubscribe } from './channel.ts';
import type { ServerFrame } from './frames.ts';
import type { TopicName } from './topics.ts';

/** The source of one topic: gives each subscriber its first frame at once, then what follows. */
export interface Publisher<N extends TopicName = TopicName> {
  readonly topic: N;
  /** @param since a log's cursor to go on from; the newest entries when left out. Other kinds ignore it. */
  subscribe(subscriber: Subscriber, since?: number): Subscription;
}

export interface Subscriber {
  /** The frame is shared between subscribers: it must not be changed. */
  send(frame: ServerFrame): void;
  /** True while what was sent earlier still waits to leave: a log then holds back and counts, instead of piling up. */
  congested(): boolean;
}

export interface Subscription {
  /** The subscriber has dealt with that sample. Other kinds ignore it. */
  acknowledge(sequence: number): void;
  readonly end: Unsubscribe;
}

/** One per topic; a topic that nobody publishes is refused as unknown. */
export type Publishers = { readonly [N in TopicName]?: Publisher<N> };

/** Runs once after the present task, however often it is asked to in between. */
export function oncePerMicrotask(run: () => void): () => void {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    void Promise.resolve().then(() => {
      asked = false;
      run();
    });
  };
}
