import type { Channel, Unsubscribe } from './channel.ts';

/** What every channel keeps, whatever carries its frames: who listens, and whether and why it is closed. */
export interface ChannelEnds extends Pick<Channel, 'onFrame' | 'onClose'> {
  readonly isClosed: boolean;
  /** Hands a frame to whoever listens; dropped after the close. What comes before anybody listens waits for the first. */
  deliver(frame: unknown): void;
  /** Tells the close, once. */
  end(reason: string): void;
}

export function channelEnds(): ChannelEnds {
  const frameListeners = new Set<(frame: unknown) => void>();
  const closeListeners = new Set<(reason: string) => void>();
  let early: unknown[] | undefined = [];
  let closed: string | undefined;

  const tell = (frame: unknown): void => {
    for (const listener of [...frameListeners]) if (closed === undefined) listener(frame);
  };

  return {
    get isClosed() {
      return closed !== undefined;
    },
    deliver(frame) {
      if (closed !== undefined) return;
      if (early) early.push(frame);
      else tell(frame);
    },
    end(reason) {
      if (closed !== undefined) return;
      closed = reason;
      early = undefined;
      for (const listener of [...closeListeners]) listener(reason);
      closeListeners.clear();
      frameListeners.clear();
    },
    onFrame(listener): Unsubscribe {
      frameListeners.add(listener);
      const waiting = early ?? [];
      early = undefined;
      for (const frame of waiting) tell(frame);
      return () => frameListeners.delete(listener);
    },
    onClose(listener): Unsubscribe {
      if (closed !== undefined) {
        listener(closed);
        return () => {};
      }
      closeListeners.add(listener);
      return () => closeListeners.delete(listener);
    },
  };
}
