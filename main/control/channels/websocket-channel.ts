import type { Channel } from '@shared/contract/channel.ts';
import { channelEnds } from '@shared/contract/channel-ends.ts';
import type { RawData, WebSocket } from 'ws';

/** From here on a log holds back: about what a browser on the same machine reads within a frame or two. */
const congestedBytes = 512 * 1024;
/** A peer that lets this much wait no longer reads: keeping it would only cost memory. */
const stuckBytes = 32 * 1024 * 1024;
/** The protocol allows 123 bytes of reason in a close frame (RFC 6455, 5.5.1). */
const reasonBytes = 123;

/** Frames as JSON text over one open WebSocket. Serves both ends: the control endpoint's and the command line's. */
export function websocketChannel(socket: WebSocket): Channel {
  const ends = channelEnds();
  const close = (reason: string, code = 1000): void => {
    ends.end(reason);
    socket.close(code, shorten(reason));
  };

  socket.on('message', (data: RawData, isBinary: boolean) => {
    if (ends.isClosed) return;
    if (isBinary) return close('frames are text', 1003);
    let frame: unknown;
    try {
      frame = JSON.parse(String(data));
    } catch {
      return close('a frame is no JSON', 1007);
    }
    ends.deliver(frame);
  });
  socket.on('close', (code, reason) => ends.end(reason.length > 0 ? String(reason) : `code ${code}`));
  // Without a listener an oversize frame would end the process; `close` follows and says the rest.
  socket.on('error', (error) => ends.end(error.message));

  return {
    onFrame: ends.onFrame,
    onClose: ends.onClose,
    send(frame) {
      if (ends.isClosed) return;
      if (socket.bufferedAmount > stuckBytes) {
        ends.end('the peer does not read');
        return socket.terminate();
      }
      socket.send(JSON.stringify(frame));
    },
    congested: () => socket.bufferedAmount > congestedBytes,
    close: (reason = 'closed') => {
      if (!ends.isClosed) close(reason);
    },
  };
}

function shorten(reason: string): string {
  let short = reason;
  while (Buffer.byteLength(short) > reasonBytes) short = `${short.slice(0, -2).trimEnd()}…`;
  return short;
}
