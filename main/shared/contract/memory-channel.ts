import type { Channel } from './channel.ts';
import { channelEnds } from './channel-ends.ts';

/**
 * Two ends of a pipe in one process. Frames are cloned, so that neither end can reach into the other's data, and arrive
 * in a later microtask, as on a real wire.
 */
export function memoryChannel(): [Channel, Channel] {
  const [a, b] = [channelEnds(), channelEnds()];
  const from = (own: typeof a, peer: typeof a): Channel => ({
    onFrame: own.onFrame,
    onClose: own.onClose,
    send(frame) {
      if (own.isClosed) return;
      // Frames are JSON by contract: what JSON cannot carry must not work here either.
      const copy: unknown = JSON.parse(JSON.stringify(frame));
      void Promise.resolve().then(() => peer.deliver(copy));
    },
    close(reason = 'closed') {
      void Promise.resolve().then(() => peer.end(reason));
      own.end(reason);
    },
  });
  return [from(a, b), from(b, a)];
}
