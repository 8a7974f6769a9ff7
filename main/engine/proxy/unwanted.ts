import type { ListenerLimits } from '@shared/config/schema.ts';
import type { ResponseHead } from '../http1/response-head.ts';
import type { ServerConnection } from './server-connection.ts';
import type { ServerUser } from './server-user.ts';

/** So much of a response that nobody waits for is read, to keep the connection for those behind it. */
const mostBytes = 65_536;

/** Stands in for a request whose client has left while it shared a connection: its response is read and thrown away. */
export class Unwanted implements ServerUser {
  readonly requestSent = true;
  readonly isHead: boolean;
  readonly asksUpgrade = false;
  readonly offeredProtocols = '';
  readonly decodesChunked = false;
  readonly limits: ListenerLimits;
  readonly responseMs: number;
  readonly tunnelIdleMs = Number.POSITIVE_INFINITY;
  readonly clientWaits = false;
  readonly #connection: ServerConnection;
  #bytes = 0;

  constructor(user: ServerUser, connection: ServerConnection) {
    this.isHead = user.isHead;
    this.limits = user.limits;
    this.responseMs = user.responseMs;
    this.#connection = connection;
  }

  response(_bytes: Buffer, _head: ResponseHead, start: number, end: number): void {
    const { framing } = this.#connection;
    if (framing.kind === 'length') this.#count(framing.remaining);
    if (this.#bytes <= mostBytes) this.#count(end - start);
  }

  responseBody(_bytes: Buffer, start: number, end: number): void {
    this.#count(end - start);
  }

  /** Those behind have left. */
  nobodyWaits(): void {
    this.#connection.destroy();
  }

  tunnelIdle(): void {}
  tunnelDrained(): void {}
  limitReached(): void {}
  connected(): void {}
  interim(): void {}
  responseEnded(): void {}
  failed(): void {}
  sendApart(): void {}
  drained(): void {}
  serverEnded(): void {}

  #count(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > mostBytes)
      this.#connection.breakOff(
        'the response before it on a shared connection was long, and its client had left',
      );
  }
}
