import type { Channel } from './channel.ts';

/** What a MessagePort, a worker's `parentPort` and a Worker (by way of `workerChannel`) have in common. */
export interface FramePort {
  postMessage(frame: unknown): void;
  on(event: 'message', listener: (frame: unknown) => void): unknown;
  on(event: 'close', listener: () => void): unknown;
  close(): void;
}

/**
 * A channel over a port between threads. Named by shape and not by Node's type, since both the engine in its worker and the owner
 * outside use it and this floor knows no runtime.
 */
export function portChannel(port: FramePort): Channel {
  const frameListeners = new Set<(frame: unknown) => void>();
  const closeListeners = new Set<(reason: string) => void>();
  let closed: string | undefined;

  const closeHere = (reason: string): void => {
    if (closed !== undefined) return;
    closed = reason;
    for (const listener of [...closeListeners]) listener(reason);
    closeListeners.clear();
    frameListeners.clear();
  };
  port.on('message', (frame) => {
    if (closed === undefined) for (const listener of [...frameListeners]) listener(frame);
  });
  port.on('close', () => closeHere('the other side is gone'));

  return {
    send(frame) {
      if (closed === undefined) port.postMessage(frame);
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
      closeHere(reason);
      port.close();
    },
  };
}
