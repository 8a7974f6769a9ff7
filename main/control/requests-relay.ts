import type { Unsubscribe } from '@shared/contract/channel.ts';
import type { ContractClient, LogBatch } from '@shared/contract/client.ts';
import { createLogPublisher } from '@shared/contract/log-publisher.ts';
import type { Publisher, Subscriber, Subscription } from '@shared/contract/publisher.ts';
import type { RequestSummary } from '@shared/contract/request-values.ts';

/** What a subscriber gets of requests at once; the rest is counted as dropped and can be asked for with `request.list`. */
const batch = 200;

/** The engine's log of requests, published again. */
export interface RequestsRelay extends Publisher<'requests'> {
  /** From now on this engine's; its log begins anew. */
  follow(client: ContractClient): void;
}

/**
 * Follows the engine's log only while somebody subscribes: at thousands of requests a second it costs the engine 2 % to tell of them.
 * Whoever subscribes after a while of that is let in once it is known here what happened meanwhile: so one who goes on from a cursor
 * learns what was missed, and a newcomer, who missed nothing, gets the newest.
 */
export function createRequestsRelay(): RequestsRelay {
  const publisher = createLogPublisher('requests', { capacity: 2_000, batch });
  let client: ContractClient | undefined;
  /** Of the engine's log. */
  let cursor = 0;
  let readers = 0;
  let stopFollowing: Unsubscribe | undefined;
  /** Resolves when what happened before is known here; null once it is, and while nobody follows. */
  let catchingUp: Promise<void> | null = null;

  function take({ entries, dropped, cursor: reached }: LogBatch<RequestSummary>): void {
    cursor = reached;
    publisher.skip(dropped);
    for (const entry of entries) publisher.append(entry);
  }

  function begin(from: ContractClient): void {
    stopFollowing = from.log('requests', take, cursor);
    // Frames keep their order: when this is answered, what the log had to tell at once is here. Refused means that the engine is gone.
    const answer = from.call('status.get', {}).then(
      () => {},
      () => {},
    );
    const arrived = answer.then(() => {
      if (catchingUp === arrived) catchingUp = null;
    });
    catchingUp = arrived;
  }

  function end(): void {
    stopFollowing?.();
    stopFollowing = undefined;
    catchingUp = null;
  }

  function add(): Unsubscribe {
    readers += 1;
    if (readers === 1 && client) begin(client);
    let isCounted = true;
    return () => {
      if (!isCounted) return;
      isCounted = false;
      readers -= 1;
      if (readers === 0) end();
    };
  }

  return {
    topic: 'requests',
    follow(next) {
      client = next;
      cursor = 0;
      stopFollowing = undefined;
      if (readers > 0) begin(next);
    },
    subscribe(subscriber: Subscriber, since?: number): Subscription {
      const leave = add();
      let inner: Subscription | undefined;
      let hasEnded = false;
      const enter = (): void => {
        if (!hasEnded) inner = publisher.subscribe(subscriber, since);
      };
      if (catchingUp === null) enter();
      else void catchingUp.then(enter);
      return {
        acknowledge() {},
        end() {
          hasEnded = true;
          inner?.end();
          leave();
        },
      };
    },
  };
}
