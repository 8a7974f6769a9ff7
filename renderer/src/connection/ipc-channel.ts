import type { Unsubscribe } from '@shared/contract/channel.ts';
import type { OpenedChannel } from './websocket-channel.ts';

/** What the preload gives a desktop window: a pipe that knows nothing of the frames' meaning. */
export interface FramePipe {
  send(frame: unknown): void;
  onFrame(listener: (frame: unknown) => void): Unsubscribe;
  onClose?(listener: (reason: string) => void): Unsubscribe;
}

declare global {
  interface Window {
    readonly ballast?: FramePipe;
  }
}

/** Frames over the desktop shell's pipe. The pipe outlives a channel: closing only stops listening. */
export function ipcChannel(pipe: FramePipe): OpenedChannel {
  const closeListeners = new Set<(reason: string) => void>();
  const stops = new Set<Unsubscribe>();
  let closed: string | undefined;

  const finish = (reason: string): void => {
    if (closed !== undefined) return;
    closed = reason;
    for (const stop of stops) stop();
    for (const listener of [...closeListeners]) listener(reason);
  };
  const stopClose = pipe.onClose?.(finish);
  if (stopClose) stops.add(stopClose);

  return {
    wasTurnedAway: () => false,
    channel: {
      send(frame) {
        if (closed === undefined) pipe.send(frame);
      },
      onFrame(listener) {
        if (closed !== undefined) return () => {};
        const stop = pipe.onFrame(listener);
        stops.add(stop);
        return () => {
          stops.delete(stop);
          stop();
        };
      },
      onClose(listener) {
        if (closed !== undefined) {
          listener(closed);
          return () => {};
        }
        closeListeners.add(listener);
        return () => closeListeners.delete(listener);
      },
      close: (reason = 'closed') => finish(reason),
    },
  };
}
