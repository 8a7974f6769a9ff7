import type { Channel } from './channel.ts';

/**
 * Two ends of a pipe in one process. Frames are cloned, so that neither end can reach into the other's data, and arrive
 * in a later microtask, as on a real wire.
 */
export function memoryChannel(): [Channel, Channel] {
  const [a, b] = [createEnd(), createEnd()];
  a.peer = b;
  b.peer = a;
  return [a.channel, b.channel];
}

interface End {
  peer: End | undefined;
  channel: Channel;
  deliver(frame: unknown): void;
  closeHere(reason: string): void;
}

function createEnd(): End {
  const frameListeners = new Set<(frame: unknown) => void>();
  const closeListeners = new Set<(reason: string) => void>();
  let closed: string | undefined;
  const end: End = {
    peer: undefined,
    deliver(frame) {
      if (closed === undefined) for (const listener of [...frameListeners]) listener(frame);
    },
    closeHere(reason) {
      if (closed !== undefined) return;
      closed = reason;
      for (const listener of [...closeListeners]) listener(reason);
    },
    channel: {
      send(frame) {
        if (closed !== undefined) return;
        // Frames are JSON by contract: what JSON cannot carry must not work here either.
        const copy: unknown = JSON.parse(JSON.stringify(frame));
        void Promise.resolve().then(() => end.peer?.deliver(copy));
      },
      onFrame(listener) {
        frameListeners.add(listener);
        return () => frameListeners.delete(listener);
      },
      onClose(listener) {
        if (closed !== undefined) {
          listener(closed);
          return () => {};
        }
        closeListeners.add(listener);
        return () => closeListeners.delete(listener);
      },
      close(reason = 'closed') {
        void Promise.resolve().then(() => end.peer?.closeHere(reason));
        end.closeHere(reason);
      },
    },
  };
  return end;
}
