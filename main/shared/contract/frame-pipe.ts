import type { Unsubscribe } from './channel.ts';

/**
 * What a preload puts on `window.ballast`: a pipe to the main process that outlives the connections made over it. Every message
 * names its connection, so that what crosses a close or a reload on its way is told apart from what belongs to the next one.
 * The page chooses the name, new for each connection.
 */
export interface FramePipe {
  open(connection: string): void;
  send(connection: string, frame: unknown): void;
  close(connection: string, reason: string): void;
  onFrame(listener: (connection: string, frame: unknown) => void): Unsubscribe;
  /** The other end has closed that connection. */
  onClose(listener: (connection: string, reason: string) => void): Unsubscribe;
}
