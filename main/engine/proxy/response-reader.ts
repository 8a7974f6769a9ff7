import type { BodyFraming } from '../http1/body-framing.ts';
import { isOffered } from '../http1/protocols.ts';
import { HEAD_TOO_LARGE, type Refusal, refusalOf, refusals } from '../http1/refusal.ts';
import { ResponseHead } from '../http1/response-head.ts';
import { HeldBytes } from '../sockets/held-bytes.ts';
import { isStable } from '../sockets/read-buffers.ts';
import { BODY, HEAD, ServerSocket, TUNNEL } from './server-socket.ts';
import type { ServerUser } from './server-user.ts';

/** Scanning ends before the callback returns, so one scanner serves all. */
const head = new ResponseHead();

/** Reads a server's responses, strictly, and leads them to whoever they are due to. */
export abstract class ResponseReader extends ServerSocket {
  protected readonly held = new HeldBytes();
  /** The connection can carry another request after this response. */
  protected persists = false;
  /** Bytes came behind the end of the response. */
  protected leftover = false;
  /** 1xx responses to the present request. */
  protected interims = 0;

  /** The response is complete. True where the next one on this connection is due, and may have come already. */
  protected abstract complete(user: ServerUser): boolean;
  /** The server will end the connection behind this response. */
  protected abstract endsBehind(): void;
  /** Bytes came that nobody asked for. */
  protected abstract unasked(): void;

  bytesRead(bytes: Buffer, length: number): void {
    this.buffer.filled = length === bytes.length;
    this.sawResponse = true;
    switch (this.state) {
      case HEAD:
        // Its deadline stays: a head has its time altogether, however its bytes come.
        this.readHead(bytes, 0, length);
        return;
      case BODY:
        this.awaitProgress();
        this.#readBody(bytes, length);
        return;
      case TUNNEL:
        this.framing.consume(bytes, 0, length);
        this.awaitTunnel();
        this.user?.responseBody(bytes, 0, length, isStable(bytes));
        return;
      default:
        this.unasked();
    }
  }

  /** The server sends no more. */
  ended(): void {
    // libuv tells a reset that comes together with the last bytes as an end; but then there is no other side any more, as
    // otherwise only when both sides have ended.
    if (this.socket.remoteAddress === undefined && !this.socket.writableEnded) {
      this.closed({ name: 'Error', message: 'connection reset', code: 'ECONNRESET', syscall: 'read' });
      return;
    }
    switch (this.state) {
      case HEAD:
        this.fail(
          'closed-before-response',
          this.sawResponse ? 'closed in the middle of the response head' : 'closed without a response',
        );
        return;
      case BODY:
        if (this.framing.kind === 'until-close' && this.user) {
          this.complete(this.user);
          return;
        }
        this.fail('failed-mid-response', 'closed before the response was complete');
        return;
      case TUNNEL:
        this.user?.serverEnded();
        this.awaitTunnel();
        return;
      default:
        this.gaveUp();
    }
  }

  override destroy(): void {
    super.destroy();
    this.held.clear();
  }

  protected readHead(bytes: Buffer, start: number, length: number): void {
    const held = this.held;
    if (held.length === 0) {
      const at = this.#scanHeads(bytes, start, length, isStable(bytes));
      if (this.state === HEAD && at >= 0) held.add(bytes, at, length);
    } else {
      held.add(bytes, start, length);
      const at = this.#scanHeads(held.bytes, held.start, held.end, false);
      if (at < 0 || this.state !== HEAD) held.clear();
      else held.consumeTo(at);
    }
    if (this.state === HEAD && held.length > (this.user?.limits.headBytes ?? 0))
      this.#unreadable(refusals[HEAD_TOO_LARGE]);
  }

  #unreadable({ text, limit }: Refusal): void {
    if (limit === 'head-bytes') this.user?.limitReached('response-head-bytes');
    else if (limit === 'head-fields') this.user?.limitReached('response-head-fields');
    this.fail('failed-mid-response', `the response cannot be read: ${text}`);
  }

  /** Deals with heads until one that is not interim. Where an incomplete head begins, or -1 where all is dealt with. */
  #scanHeads(bytes: Buffer, start: number, end: number, stable: boolean): number {
    for (let at = start; at < end; ) {
      const user = this.user;
      if (!user) return -1;
      head.hidesTrailer = user.decodesChunked;
      const result = head.scan(bytes, at, end, user.limits.headFields);
      if (result === 0) return at;
      if (result < 0 || result - at > user.limits.headBytes) {
        this.#unreadable(result < 0 ? refusalOf(result) : refusals[HEAD_TOO_LARGE]);
        return -1;
      }
      if (head.status >= 200 || head.status === 101) {
        at = this.#startResponse(user, bytes, result, end, stable);
        // Behind a response of a batch the next one follows.
        if (this.state !== HEAD) return -1;
        continue;
      }
      if (++this.interims > user.limits.interimResponses) {
        user.limitReached('interim-responses');
        this.fail('failed-mid-response', 'it sent too many 1xx responses (limits.interimResponses)');
        return -1;
      }
      user.interim(bytes, head);
      if (this.user !== user) return -1;
      // A server that says that it is at work has as long again.
      this.awaitProgress();
      at = result;
    }
    return end;
  }

  /** Where the response ends, as far as it has come. */
  #startResponse(user: ServerUser, bytes: Buffer, start: number, end: number, stable: boolean): number {
    const { status } = head;
    if (status === 101) {
      if (!user.asksUpgrade || !user.requestSent) {
        this.fail('failed-mid-response', 'it switched protocols, which the request did not ask for');
        return end;
      }
      if (head.upgradeStart < 0) {
        this.fail('failed-mid-response', 'it switched protocols without saying to which');
        return end;
      }
      if (!isOffered(bytes.toString('latin1', head.upgradeStart, head.upgradeEnd), user.offeredProtocols)) {
        this.fail('failed-mid-response', 'it switched to a protocol that the request did not offer');
        return end;
      }
      this.state = TUNNEL;
      this.tunnelSince = this.clock.now();
      this.awaitTunnel();
      this.framing.start('until-close', 0);
      this.framing.consume(bytes, start, end);
      user.response(bytes, head, start, end, stable);
      return end;
    }
    this.state = BODY;
    const framing = this.framing;
    startBody(framing, user);
    this.persists = head.persists && framing.kind !== 'until-close';
    if (head.keepAliveSeconds >= 0) this.promisedIdleMs = head.usableIdleMs;
    const bodyEnd = framing.consume(bytes, start, end);
    this.leftover = bodyEnd < end;
    if (framing.broken) {
      this.#brokenChunk();
      return end;
    }
    if (!framing.done) this.awaitProgress();
    user.response(bytes, head, start, bodyEnd, stable);
    this.lastPieceWaits = user.clientWaits;
    if (this.state !== BODY) return bodyEnd;
    if (!this.persists) this.endsBehind();
    // The user may have given this response up for another attempt, even for one on this very connection.
    if (this.user !== null && this.state === BODY && framing.done) this.complete(this.user);
    return bodyEnd;
  }

  #readBody(bytes: Buffer, length: number): void {
    const user = this.user;
    if (!user) {
      this.destroy();
      return;
    }
    const end = this.framing.consume(bytes, 0, length);
    this.leftover = end < length;
    if (this.framing.broken) {
      this.#brokenChunk();
      return;
    }
    user.responseBody(bytes, 0, end, isStable(bytes));
    this.lastPieceWaits = user.clientWaits;
    if (this.user !== user || this.state !== BODY || !this.framing.done) return;
    if (this.complete(user) && end < length) this.readHead(bytes, end, length);
  }

  #brokenChunk(): void {
    if (this.framing.chunked.tooLarge) this.user?.limitReached('trailer-bytes');
    this.fail(
      'failed-mid-response',
      this.framing.chunked.tooLarge
        ? 'the chunk extensions or trailers of the response are too large (limits.trailerBytes)'
        : 'a chunk of the response is malformed',
    );
  }
}

/** How the body behind the scanned head is framed (RFC 9112 section 6.3). */
function startBody(framing: BodyFraming, user: ServerUser): void {
  const { status } = head;
  if (user.isHead || status === 204 || status === 304) framing.start('none', 0);
  else if (head.chunked) {
    framing.start('chunked', 0);
    framing.chunked.collects = user.decodesChunked;
    framing.chunked.lineLimit = user.limits.trailerBytes;
  } else if (head.contentLength >= 0) framing.start('length', head.contentLength);
  else framing.start('until-close', 0);
}
