import { oncePerMicrotask, type Publisher, type Subscriber } from './publisher.ts';
import type { StateValues, TopicOfKind } from './topics.ts';

type KeyOf<N extends TopicOfKind<'state'>> = keyof StateValues[N] & string;

/** A keyed truth: subscribers get a snapshot, then every change in order. Values that did not change are not sent again. */
export interface StatePublisher<N extends TopicOfKind<'state'>> extends Publisher<N> {
  /** Grows by one with every batch of changes that was sent. */
  readonly revision: number;
  get<K extends KeyOf<N>>(key: K): StateValues[N][K] | undefined;
  /** Keys in the order in which they were first set. */
  entries(): [KeyOf<N>, StateValues[N][KeyOf<N>]][];
  set<K extends KeyOf<N>>(key: K, value: StateValues[N][K]): void;
  remove(key: KeyOf<N>): void;
  /** The whole truth anew: what is not among the entries is removed. */
  replace(entries: Iterable<readonly [KeyOf<N>, StateValues[N][KeyOf<N>]]>): void;
}

/** Changes made within one task leave as one batch. */
export function createStatePublisher<N extends TopicOfKind<'state'>>(topic: N): StatePublisher<N> {
  type Value = StateValues[N][KeyOf<N>];
  const values = new Map<KeyOf<N>, Value>();
  /** What subscribers were told, as text: the cheapest honest comparison of plain data. */
  const told = new Map<KeyOf<N>, string>();
  const changed = new Set<KeyOf<N>>();
  const subscribers = new Set<Subscriber>();
  let revision = 0;

  const flush = (): void => {
    if (changed.size === 0) return;
    const set: [string, Value][] = [];
    const remove: string[] = [];
    for (const key of changed) {
      const value = values.get(key);
      const text = value === undefined ? undefined : JSON.stringify(value);
      if (text === told.get(key)) continue;
      if (text === undefined) {
        told.delete(key);
        remove.push(key);
      } else {
        told.set(key, text);
        set.push([key, value as Value]);
      }
    }
    changed.clear();
    if (set.length === 0 && remove.length === 0) return;
    revision += 1;
    for (const subscriber of [...subscribers])
      subscriber.send({ type: 'change', topic, revision, set, remove });
  };
  const later = oncePerMicrotask(flush);
  const touch = (key: KeyOf<N>): void => {
    changed.add(key);
    later();
  };
  const remove = (key: KeyOf<N>): void => {
    if (values.delete(key)) touch(key);
  };

  return {
    topic,
    get revision() {
      return revision;
    },
    get: (key) => values.get(key) as never,
    entries: () => [...values],
    set(key, value) {
      values.set(key, value);
      touch(key);
    },
    remove,
    replace(entries) {
      const next = new Map(entries);
      for (const key of [...values.keys()]) if (!next.has(key)) remove(key);
      for (const [key, value] of next) {
        values.set(key, value);
        touch(key);
      }
    },
    subscribe(subscriber) {
      flush(); // the newcomer must not hear again as a change what its snapshot already says
      subscribers.add(subscriber);
      subscriber.send({ type: 'snapshot', topic, revision, entries: [...values] });
      return { acknowledge() {}, end: () => subscribers.delete(subscriber) };
    },
  };
}
