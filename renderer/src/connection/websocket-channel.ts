import type { Channel } from '@shared/contract/channel.ts';
import { channelEnds } from '@shared/contract/channel-ends.ts';

/** Close code of a connection that was never made or broke without a word (RFC 6455, 7.4.1). */
const abnormal = 1006;

export interface OpenedChannel {
  readonly channel: Channel;
  /** True when the other end closed it on purpose: asking again the same way will not help. */
  wasTurnedAway(): boolean;
}

/** Frames as JSON text over a WebSocket. What is sent before it is open waits. */
export function websocketChannel(url: string): OpenedChannel {
  const socket = new WebSocket(url);
  const ends = channelEnds();
  let waiting: string[] = [];
  let turnedAway = false;

  socket.onopen = () => {
    for (const text of waiting) socket.send(text);
    waiting = [];
  };
  socket.onmessage = ({ data }) => {
    if (typeof data !== 'string') return;
    let frame: unknown;
    try {
      frame = JSON.parse(data);
    } catch {
      socket.close();
      return ends.end('a frame was no JSON');
    }
    ends.deliver(frame);
  };
  socket.onclose = ({ code, reason }) => {
    turnedAway = code !== abnormal && reason !== '';
    ends.end(reason || 'Ballast does not answer');
  };

  return {
    wasTurnedAway: () => turnedAway,
    channel: {
      onFrame: ends.onFrame,
      onClose: ends.onClose,
      send(frame) {
        if (ends.isClosed) return;
        const text = JSON.stringify(frame);
        if (socket.readyState === WebSocket.OPEN) socket.send(text);
        else if (socket.readyState === WebSocket.CONNECTING) waiting.push(text);
      },
      close(reason = 'closed') {
        socket.close();
        ends.end(reason);
      },
    },
  };
}
