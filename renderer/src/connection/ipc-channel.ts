import type { Unsubscribe } from '@shared/contract/channel.ts';
import { channelEnds } from '@shared/contract/channel-ends.ts';
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
  const ends = channelEnds();
  const stops: Unsubscribe[] = [
    pipe.onFrame((of, frame) => {
      if (of === connection) ends.deliver(frame);
    }),
    pipe.onClose((of, reason) => {
      if (of === connection) ends.end(reason);
    }),
  ];
  ends.onClose(() => {
    for (const stop of stops) stop();
  });
  pipe.open(connection);

  return {
    wasTurnedAway: () => false,
    channel: {
      onFrame: ends.onFrame,
      onClose: ends.onClose,
      send(frame) {
        if (!ends.isClosed) pipe.send(connection, frame);
      },
      close(reason = 'closed') {
        if (!ends.isClosed) pipe.close(connection, reason);
        ends.end(reason);
      },
    },
  };
}
