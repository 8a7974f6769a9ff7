import { oncePerMicrotask, type Publisher, type Subscriber } from './publisher.ts';
import type { LogEntries, TopicOfKind } from './topics.ts';

/**
 * Where a log keeps its entries. The cursor counts everything that ever happened; an entry has the cursor's value at the moment
 * it was added as its number. What a reader asks for and the source no longer holds is counted as dropped.
 */
export interface LogSource<E> {
  readonly cursor: number;
  /** The newest `limit` entries with a number above `after`, oldest first. */
  read(after: number, limit: number): readonly E[];
}

export interface LogRing<E> extends LogSource<E> {
  /** Returns the entry's number. */
  append(entry: E): number;
  /** Counts entries that happened but were never seen here. */
  skip(count: number): void;
}

/** Keeps the newest `capacity` entries. */
export function createLogRing<E>({ capacity }: { capacity: number }): LogRing<E> {
  const entries: E[] = [];
  /** Number of the entry in the same slot; a slot is reused when the ring is full. */
  const numbers: number[] = [];
  let next = 0;
  let cursor = 0;
  return {
    get cursor() {
      return cursor;
    },
    append(entry) {
      cursor += 1;
      entries[next] = entry;
      numbers[next] = cursor;
      next = (next + 1) % capacity;
      return cursor;
    },
    skip(count) {
      cursor += count;
    },
    read(after, limit) {
      const found: E[] = [];
      for (let back = 1; back <= entries.length && found.length < limit; back++) {
        const slot = (next - back + capacity) % capacity;
        if (numbers[slot]! <= after) break;
        found.push(entries[slot]!);
      }
      return found.reverse();
    },
  };
}

export interface LogPublisherOptions {
  /**
   * Most entries that one subscriber gets in one batch. What is older and was not sent before is counted as dropped: for logs
   * of which a person cannot read every line anyway.
   */
  readonly batch: number;
  /** Entries that a subscriber without a cursor gets at first; as many as a batch holds when left out. */
  readonly first?: number;
}

/** Sends on what a source holds, whenever `flush` is called (by a timer, for a busy log). */
export interface LogFeed<N extends TopicOfKind<'log'>> extends Publisher<N> {
  /** False while nobody listens. */
  readonly wanted: boolean;
  flush(): void;
}

export function createLogFeed<N extends TopicOfKind<'log'>>(
  topic: N,
  source: LogSource<LogEntries[N]>,
  { batch, first = batch }: LogPublisherOptions,
): LogFeed<N> {
  interface Reader {
    readonly subscriber: Subscriber;
    cursor: number;
  }
  const readers = new Set<Reader>();
  const sendTo = (reader: Reader): void => {
    const { cursor } = source;
    if (reader.cursor >= cursor || reader.subscriber.congested()) return;
    const entries = source.read(reader.cursor, batch);
    const dropped = cursor - reader.cursor - entries.length;
    reader.cursor = cursor;
    reader.subscriber.send({ type: 'log', topic, cursor, entries: [...entries], dropped });
  };
  return {
    topic,
    get wanted() {
      return readers.size > 0;
    },
    flush() {
      for (const reader of [...readers]) sendTo(reader);
    },
    subscribe(subscriber, since) {
      const { cursor } = source;
      // A cursor from the future belongs to an earlier run of Ballast: it says nothing about this one.
      const known = since !== undefined && since <= cursor ? since : undefined;
      const reader: Reader = { subscriber, cursor: known ?? cursor };
      readers.add(reader);
      if (known !== undefined) sendTo(reader);
      else if (cursor > 0) {
        // Older entries were not missed by somebody who asks for the newest: nothing counts as dropped.
        const entries = source.read(0, first);
        subscriber.send({ type: 'log', topic, cursor, entries: [...entries], dropped: 0 });
      }
      return { acknowledge() {}, end: () => readers.delete(reader) };
    },
  };
}

/** A log with its own ring; entries appended within one task leave as one batch. */
export interface LogPublisher<N extends TopicOfKind<'log'>> extends Publisher<N>, LogRing<LogEntries[N]> {
  readonly wanted: boolean;
}

export function createLogPublisher<N extends TopicOfKind<'log'>>(
  topic: N,
  { capacity, batch = capacity, first }: { capacity: number; batch?: number; first?: number },
): LogPublisher<N> {
  const ring = createLogRing<LogEntries[N]>({ capacity });
  const feed = createLogFeed(topic, ring, { batch, ...(first !== undefined && { first }) });
  const later = oncePerMicrotask(() => feed.flush());
  return {
    topic,
    get wanted() {
      return feed.wanted;
    },
    get cursor() {
      return ring.cursor;
    },
    read: ring.read,
    append(entry) {
      const number = ring.append(entry);
      later();
      return number;
    },
    skip(count) {
      ring.skip(count);
      later();
    },
    subscribe: feed.subscribe,
  };
}
