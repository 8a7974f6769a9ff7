import type { ListenerLimits } from '@shared/config/schema.ts';
import type { Clock } from '../clock.ts';
import type { Exchange } from '../exchange.ts';
import type { Server } from '../pool/server.ts';
import type { LaneSocket, ReadPath } from '../sockets/lane-socket.ts';

/** The client's side of a request, as the attempts need it. */
export interface AttemptsClient {
  readonly exchange: Exchange;
  readonly socket: LaneSocket;
  readonly limits: ListenerLimits;
  readonly clock: Clock;
  readonly path: ReadPath;
  /** Of HTTP/1.x. */
  readonly minor: number;
  readonly isHead: boolean;
  readonly asksUpgrade: boolean;
  /** It waits for 100 (Continue). */
  readonly expectsContinue: boolean;
  /** The connection closes after this response, for reasons of the client's or the listener's. */
  readonly closes: boolean;
  /** The lines that name server, attempts and request; empty where they are switched off. */
  ownFields(server: Server): string;
  /** The connection closes after this response. */
  closeAfter(): void;
  /** The request waits in a queue: nothing bounds its body meanwhile. */
  queued(): void;
  /** Reads no more of the request until `resumeRequest`. */
  pauseRequest(): void;
  resumeRequest(): void;
  /** The system gave no file descriptor for a connection to a server: true where room was made for it. */
  freeDescriptors(): boolean;
  /** What to do about that. */
  readonly descriptorAdvice: string;
  /** A piece of the response has been written; bounds how long a client may refuse to take it. */
  wrote(): void;
  /** The protocol is switched: what the client sends from now on is passed as it comes. */
  tunnelled(): void;
  /** The response is complete. */
  answered(): void;
  /** No server's response can be given: answer in their place. */
  answerFailure(status: number, error: string): void;
  /** The response broke off: the client must not take it for complete. */
  cut(error: string): void;
}
