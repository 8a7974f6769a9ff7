import type { Channel } from './channel.ts';
import { channelEnds } from './channel-ends.ts';

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
  const ends = channelEnds();
  port.on('message', ends.deliver);
  port.on('close', () => ends.end('the other side is gone'));

  return {
    onFrame: ends.onFrame,
    onClose: ends.onClose,
    send(frame) {
      if (!ends.isClosed) port.postMessage(frame);
    },
    close(reason = 'closed') {
      ends.end(reason);
      port.close();
    },
  };
}
