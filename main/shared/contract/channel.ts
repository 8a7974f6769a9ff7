export type Unsubscribe = () => void;

/**
 * A pipe for frames that knows nothing of their meaning: Electron IPC, a MessagePort, a WebSocket or memory.
 * Frames arrive whole, in order, as plain data. After close nothing more is sent or delivered, and `onClose` is told once,
 * a listener added after the close included.
 */
export interface Channel {
  send(frame: unknown): void;
  /** True while much of what was sent still waits to leave. Channels that cannot know leave it out. */
  congested?(): boolean;
  onFrame(listener: (frame: unknown) => void): Unsubscribe;
  onClose(listener: (reason: string) => void): Unsubscribe;
  close(reason?: string): void;
}
