import type { Unsubscribe } from '@shared/contract/channel.ts';
import type { FramePipe } from '@shared/contract/frame-pipe.ts';
import type { OpenedChannel } from './websocket-channel.ts';

declare global {
  interface Window {
    /** Put there by the desktop shell's preload; missing in a browser. */
    readonly ballast?: FramePipe;
  }
}

/** One connection over the desktop shell's pipe, which outlives it. */
export function ipcChannel(pipe: FramePipe): OpenedChannel {
  const connection = crypto.randomUUID();
  const frameListeners = new Set<(frame: unknown) => void>();
  const closeListeners = new Set<(reason: string) => void>();
  const stops: Unsubscribe[] = [];
  let closed: string | undefined;

  const finish = (reason: string): void => {
    if (closed !== undefined) return;
    closed = reason;
    for (const stop of stops) stop();
    for (const listener of [...closeListeners]) listener(reason);
  };
  stops.push(
    pipe.onFrame((of, frame) => {
      if (of !== connection) return;
      for (const listener of [...frameListeners]) if (closed === undefined) listener(frame);
    }),
    pipe.onClose((of, reason) => {
      if (of === connection) finish(reason);
    }),
  );
  pipe.open(connection);

  return {
    wasTurnedAway: () => false,
    channel: {
      send(frame) {
        if (closed === undefined) pipe.send(connection, frame);
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
        if (closed === undefined) pipe.close(connection, reason);
        finish(reason);
      },
    },
  };
}
