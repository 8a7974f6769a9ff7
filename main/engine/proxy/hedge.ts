import type { LimitKind } from '@shared/catalog/limits.ts';
import type { ListenerLimits, TimeoutsConfig } from '@shared/config/schema.ts';
import type { AttemptOutcome } from '@shared/contract/request-values.ts';
import type { AttemptRecord } from '../exchange.ts';
import type { ResponseHead } from '../http1/response-head.ts';
import type { ServerConnection } from './server-connection.ts';
import type { ServerConnections } from './server-connections.ts';
import type { ServerUser } from './server-user.ts';

const nothing = Buffer.alloc(0);

/** The request that a hedge carries a second time. */
export interface HedgeOwner {
  readonly isHead: boolean;
  readonly decodesChunked: boolean;
  readonly limits: ListenerLimits;
  readonly responseMs: number;
  readonly clientWaits: boolean;
  /** A limit ended the attempt at that server. */
  hedgeLimitReached(kind: LimitKind, hedge: Hedge): void;
  /** The head of a response has come. Offsets are good until it returns. */
  hedgeAnswered(
    hedge: Hedge,
    bytes: Buffer,
    head: ResponseHead,
    start: number,
    end: number,
    stable: boolean,
  ): void;
  /** No response will come. @param refused nobody listens there */
  hedgeFailed(hedge: Hedge, outcome: AttemptOutcome, detail: string, refused: boolean): void;
}

/**
 * An attempt that runs beside the first one, until the head of a response has come or nothing can: from then on its connection
 * belongs to the request itself, or to nobody. Only for requests that have come in whole and may be sent twice. Interim
 * responses are not passed on: nobody knows yet whose will be the real one.
 */
export class Hedge implements ServerUser {
  readonly requestSent = true;
  readonly asksUpgrade = false;
  readonly offeredProtocols = '';
  readonly tunnelIdleMs = Number.POSITIVE_INFINITY;
  /** Null while it does not run. */
  attempt: AttemptRecord | null = null;
  connection: ServerConnection | null = null;
  /** Clock's `now()`: until then it must be answered. */
  until = Number.POSITIVE_INFINITY;
  /** Addresses of its server that could not be reached. */
  addressesFailed = 0;
  freshTried = false;
  readonly #owner: HedgeOwner;
  #head = '';
  #body: Buffer = nothing;
  #connections: ServerConnections | null = null;
  #timeouts: TimeoutsConfig | null = null;

  constructor(owner: HedgeOwner) {
    this.#owner = owner;
  }

  /** @param head rewritten @param body framed as it came; stays as it is */
  begin(
    attempt: AttemptRecord,
    head: string,
    body: Buffer,
    connections: ServerConnections,
    timeouts: TimeoutsConfig,
  ): void {
    this.attempt = attempt;
    this.addressesFailed = 0;
    this.freshTried = false;
    this.#head = head;
    this.#body = body;
    this.#connections = connections;
    this.#timeouts = timeouts;
    this.connection = connections.take(this, timeouts, true);
    if (this.connection.isConnected) this.connected();
  }

  /** It does not run any more, or is another's business. */
  clear(): void {
    this.attempt = null;
    this.connection = null;
    this.until = Number.POSITIVE_INFINITY;
    this.#head = '';
    this.#body = nothing;
  }

  get isHead(): boolean {
    return this.#owner.isHead;
  }

  get decodesChunked(): boolean {
    return this.#owner.decodesChunked;
  }

  get limits(): ListenerLimits {
    return this.#owner.limits;
  }

  get responseMs(): number {
    return this.#owner.responseMs;
  }

  get clientWaits(): boolean {
    return this.#owner.clientWaits;
  }

  limitReached(kind: LimitKind): void {
    this.#owner.hedgeLimitReached(kind, this);
  }

  connected(): void {
    this.connection?.send(this.#head, this.#body, 0, this.#body.length, true);
  }

  response(bytes: Buffer, head: ResponseHead, start: number, end: number, stable: boolean): void {
    this.#owner.hedgeAnswered(this, bytes, head, start, end, stable);
  }

  failed(outcome: AttemptOutcome, detail: string, connection: ServerConnection): void {
    const { endpoint, batching } = this.#connections!;
    this.connection = null;
    if (connection.ownFault) this.attempt!.spared = true;
    else if (outcome === 'connect-failed') {
      endpoint.failed(connection.host);
      if (++this.addressesFailed < endpoint.count) {
        this.#openNew();
        return;
      }
      batching.record.serverGone();
    } else if (
      outcome === 'closed-before-response' &&
      connection.reused &&
      !connection.sawResponse &&
      !this.freshTried
    ) {
      // The server closed an idle connection just when the request was on its way.
      this.freshTried = true;
      this.#openNew();
      return;
    }
    this.#owner.hedgeFailed(this, outcome, detail, connection.refused);
  }

  #openNew(): void {
    this.connection = this.#connections!.openNew(this, this.#timeouts!);
  }

  interim(): void {}
  drained(): void {}
  responseBody(): void {}
  responseEnded(): void {}
  sendApart(): void {}
  serverEnded(): void {}
  tunnelIdle(): void {}
  tunnelDrained(): void {}
}
