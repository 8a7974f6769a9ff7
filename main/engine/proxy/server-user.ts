import type { LimitKind } from '@shared/catalog/limits.ts';
import type { ListenerLimits } from '@shared/config/schema.ts';
import type { AttemptOutcome } from '@shared/contract/request-values.ts';
import type { ResponseHead } from '../http1/response-head.ts';
import type { Endpoint } from '../pool/endpoint.ts';
import type { ServerConnection } from './server-connection.ts';

/** The request that a connection carries just now. */
export interface ServerUser {
  /** The request's last byte has been written. */
  readonly requestSent: boolean;
  /** A response to it has no body whatever it says. */
  readonly isHead: boolean;
  readonly asksUpgrade: boolean;
  /** What its `Upgrade` lists; empty where it asks for no upgrade. */
  readonly offeredProtocols: string;
  /** The client cannot read chunked framing. */
  readonly decodesChunked: boolean;
  /** Of the listener that its client came to; `headBytes`, `headFields` and `trailerBytes` hold for responses too. */
  readonly limits: ListenerLimits;
  readonly responseMs: number;
  /** After a switch of protocols: how long nothing may move. */
  readonly tunnelIdleMs: number;
  /** Nothing moved for that long. */
  tunnelIdle(): void;
  /** The server is to have no traffic any more, and has had time to end the tunnel. @param limit the time that is over */
  tunnelDrained(limit: 'tunnel-drain' | 'drain-deadline'): void;
  /** A limit ended the attempt, or the wait for the server. */
  limitReached(kind: LimitKind): void;
  /** Something written to the client waits. */
  readonly clientWaits: boolean;
  connected(): void;
  /** A 1xx response; the real one follows. Offsets are good until it returns. */
  interim(bytes: Buffer, head: ResponseHead): void;
  response(bytes: Buffer, head: ResponseHead, start: number, end: number, stable: boolean): void;
  /** More of the body; after a switch of protocols, whatever comes. */
  responseBody(bytes: Buffer, start: number, end: number, stable: boolean): void;
  /** The response is complete, and the connection is the user's no more. */
  responseEnded(payloadBytes: number): void;
  /** The attempt is over, and the connection is gone. */
  failed(outcome: AttemptOutcome, detail: string, connection: ServerConnection): void;
  /**
   * It was sent behind others on a shared connection, and its turn will not come there: it goes again, by itself. The
   * connection is not its own any more.
   */
  sendApart(why: string): void;
  /** What waited to be written to the server is written. */
  drained(): void;
  /** After a switch of protocols: the server sends no more. */
  serverEnded(): void;
}

/** Where a connection goes when its request is done with it. */
export interface ConnectionOwner {
  readonly endpoint: Endpoint;
  released(connection: ServerConnection): void;
  closed(connection: ServerConnection): void;
  /** The server closed it while it was idle, or so that the next request crossed that on its way. `closed` follows. */
  gaveUp(connection: ServerConnection): void;
  /** It is about to be closed, as no request has needed it for long. */
  unused(): void;
  /** The server sent more answers than it was asked for in a batch. */
  gotSurplus(): void;
}
