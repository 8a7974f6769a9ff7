import type { Unsubscribe } from './channel.ts';

/**
 * What a preload puts on `window.ballast`: a pipe that outlives the connections made over it. A `hello` sent through it
 * begins a connection; `onClose` tells that the other end has ended it, after which another `hello` begins the next.
 */
export interface FramePipe {
  send(frame: unknown): void;
  close(reason?: string): void;
  onFrame(listener: (frame: unknown) => void): Unsubscribe;
  onClose(listener: (reason: string) => void): Unsubscribe;
}
