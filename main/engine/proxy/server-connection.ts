import type { AttemptOutcome } from '@shared/contract/request-values.ts';
import type { Listed } from '../sockets/connection-list.ts';
import type { Batch } from './batch.ts';
import { drainOverText } from './failure-text.ts';
import { ResponseReader } from './response-reader.ts';
import { BODY, CLOSED, CONNECTING, HEAD, IDLE, TUNNEL } from './server-socket.ts';
import type { ServerUser } from './server-user.ts';

/** Bytes that come so soon behind the answers of a batch belong to them. */
const soonMs = 1_000;
const never = Number.POSITIVE_INFINITY;

/** One connection to a server: carries one request at a time, or a batch whose responses come in turn. */
export class ServerConnection extends ResponseReader implements Listed {
  place = -1;
  /** The requests that share the connection just now, the user's first; null for a single one. */
  batch: Batch | null = null;
  /** The present request was sent together with others. */
  isShared = false;

  /** The drain of its server had a deadline, which has passed. */
  isDrained = false;

  /** Takes an idle connection for the next request. */
  reuse(user: ServerUser): void {
    this.user = user;
    this.reused = true;
    this.#begin();
  }

  /** Carries the requests of a batch, of which the present user is the first. Written at once, or when it is connected. */
  share(batch: Batch): void {
    this.batch = batch;
    this.isShared = true;
    if (this.isConnected) this.#sendBatch(batch);
  }

  connected(): void {
    if (this.state !== CONNECTING) return;
    this.owner.endpoint.reached(this.host);
    if (this.batch) {
      this.#begin();
      this.share(this.batch);
      return;
    }
    this.#begin();
    this.user?.connected();
  }

  /** The user has no more use for the response: kept when it is complete, closed otherwise. */
  abandon(): void {
    if (this.user && this.batch?.hasFollowers) {
      this.leave(this.user);
      return;
    }
    const sent = this.user?.requestSent ?? false;
    this.user = null;
    if (this.state === BODY && this.framing.done && !this.leftover && sent) this.#recycle();
    else this.destroy();
  }

  /** The user wants no response any more, be it due or yet to come. Others who share the connection lose nothing by it. */
  leave(user: ServerUser): void {
    const others = this.batch?.leave(user, this) ?? null;
    if (others === null) {
      this.destroy();
      return;
    }
    if (this.user === user) this.user = others;
    this.resume();
  }

  /** Ends what it carries: the server is to be empty by now. A request whose response had not begun may go elsewhere. */
  drainOver(): void {
    if (this.state === CLOSED) return;
    if (this.state === TUNNEL) this.user?.tunnelDrained('drain-deadline');
    else {
      this.isDrained = true;
      this.user?.limitReached('drain-deadline');
      this.fail(this.state === BODY ? 'failed-mid-response' : 'timed-out', drainOverText);
    }
  }

  /** Nobody waits for the rest of what comes; who is behind it goes again apart. */
  breakOff(why: string): void {
    const { batch } = this;
    this.destroy();
    batch?.shed(why);
  }

  override destroy(): void {
    if (this.state === CLOSED) return;
    super.destroy();
    this.batch = null;
    this.owner.closed(this);
  }

  override onDeadline(now: number): void {
    const { batch } = this;
    if (batch?.isOverdue(now)) {
      if (batch.ownDeadline > now && batch.mayHaveCome(now)) {
        this.setDeadline(batch.ownDeadline);
        return;
      }
      // The one whose turn it is has the connection for itself from now on, and as much time as it would have had.
      batch.shedOverdue();
      if (this.state === CLOSED) return;
      this.setDeadline(batch.ownDeadline);
      if (batch.ownDeadline > now) return;
    }
    super.onDeadline(now);
  }

  protected override setDeadline(deadline: number): void {
    super.setDeadline(this.batch === null ? deadline : this.batch.boundDeadline(deadline));
  }

  /** They would be taken for the next response. */
  protected override unasked(): void {
    if (this.isShared && this.clock.now() - this.idleSince < soonMs) this.owner.gotSurplus();
    // Some say 408 (Request Timeout) before they close what is idle.
    this.gaveUp();
  }

  protected override gaveUp(): void {
    if (this.state === IDLE) this.owner.gaveUp(this);
    this.destroy();
  }

  protected override endsBehind(): void {
    this.batch?.closesBehind();
  }

  protected override complete(user: ServerUser): boolean {
    const { payloadBytes } = this.framing;
    const { batch } = this;
    if (batch !== null) {
      batch.answered(this.clock.now(), this.leftover);
      if (batch.hasFollowers) {
        this.#turnTo(batch.next());
        user.responseEnded(payloadBytes);
        return this.state === HEAD;
      }
    }
    const reusable = user.requestSent && !this.leftover;
    this.user = null;
    // First the connection, then the user: the client's next request may want it at once.
    if (reusable) this.#recycle();
    else this.destroy();
    user.responseEnded(payloadBytes);
    return false;
  }

  protected override fail(outcome: AttemptOutcome, detail: string): void {
    const { user, batch } = this;
    const isDue = this.state === HEAD;
    if (outcome === 'closed-before-response' && this.reused && !this.sawResponse && !this.isShared)
      this.owner.gaveUp(this);
    this.destroy();
    if (batch) batch.failed(outcome, detail, this, isDue);
    else user?.failed(outcome, detail, this);
  }

  #begin(): void {
    this.state = HEAD;
    this.writes = 0;
    this.isShared = false;
    this.unsent = false;
    this.sawResponse = false;
    this.interims = 0;
    this.wheel.set(this, never);
  }

  #sendBatch(batch: Batch): void {
    this.writes++;
    this.socket.write(batch.takeText(this.clock.now()), 'latin1');
    this.awaitProgress();
  }

  /** The response of the next in the batch is due. */
  #turnTo(next: ServerUser): void {
    this.user = next;
    this.state = HEAD;
    this.sawResponse = this.leftover;
    this.interims = 0;
    // The bytes of the response before may still be on their way out of this buffer, and nothing holds the reading up.
    if (this.lastPieceWaits) this.buffer.drop();
    this.resume();
    this.awaitProgress();
  }

  #recycle(): void {
    // Responses to requests that have left for other connections are still to come.
    const hasOwing = this.batch?.isBroken ?? false;
    if (!this.persists || hasOwing || this.socket.writableLength > 0 || this.socket.writeFailed) {
      this.destroy();
      return;
    }
    this.state = IDLE;
    this.batch = null;
    this.resume();
    this.owner.released(this);
  }
}
