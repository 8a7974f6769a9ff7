import type { Channel } from '@shared/contract/channel.ts';

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
  const frameListeners = new Set<(frame: unknown) => void>();
  const closeListeners = new Set<(reason: string) => void>();
  let waiting: string[] = [];
  let closed: string | undefined;
  let turnedAway = false;

  const finish = (reason: string): void => {
    if (closed !== undefined) return;
    closed = reason;
    waiting = [];
    for (const listener of [...closeListeners]) listener(reason);
  };

  socket.onopen = () => {
    for (const text of waiting) socket.send(text);
    waiting = [];
  };
  socket.onmessage = ({ data }) => {
    if (closed !== undefined || typeof data !== 'string') return;
    let frame: unknown;
    try {
      frame = JSON.parse(data);
    } catch {
      socket.close();
      return finish('a frame was no JSON');
    }
    for (const listener of [...frameListeners]) listener(frame);
  };
  socket.onclose = ({ code, reason }) => {
    turnedAway = code !== abnormal && reason !== '';
    finish(reason || 'Ballast does not answer');
  };

  return {
    wasTurnedAway: () => turnedAway,
    channel: {
      send(frame) {
        if (closed !== undefined) return;
        const text = JSON.stringify(frame);
        if (socket.readyState === WebSocket.OPEN) socket.send(text);
        else if (socket.readyState === WebSocket.CONNECTING) waiting.push(text);
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
        socket.close();
        finish(reason);
      },
    },
  };
}
