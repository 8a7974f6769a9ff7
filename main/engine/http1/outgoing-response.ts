import type { Clock } from '../clock.ts';
import { dateLine } from './http-date.ts';
import type { ResponseHead } from './response-head.ts';

/** How the message to the client differs from the one that the server sent. */
export interface ResponseTraits {
  /** The connection closes after it. */
  closes: boolean;
  /** An HTTP/1.0 client asked for another request on this connection. */
  keepsAlive10: boolean;
  /** The client knows no Transfer-Encoding; its body, where there is one, goes out without its chunked framing. */
  hidesCoding: boolean;
  /** Tells the time of a response that does not tell it. */
  clock: Clock;
  /** Ballast's own fields and affinity's cookie: whole lines, or empty. */
  ownFields: string;
}

/** The head that goes to the client. Cuts into `head`, which is good for nothing else afterwards. */
export function outgoingResponse(bytes: Buffer, head: ResponseHead, traits: ResponseTraits): string {
  const { status } = head;
  if (status === 204 || status < 200) {
    // Such a message has no body (RFC 9110 section 8.6): what claims one would mislead a client that believes it.
    if (head.lengthLineStart >= 0) head.cutRange(head.lengthLineStart, head.lengthLineEnd);
    if (head.codingLineStart >= 0) head.cutRange(head.codingLineStart, head.codingLineEnd);
  } else if (traits.hidesCoding && head.codingLineStart >= 0) {
    head.cutRange(head.codingLineStart, head.codingLineEnd);
  }
  // A proxy speaks its own version (RFC 9110 section 6.2).
  let text =
    head.minor === 1
      ? head.remaining(bytes, head.statusStart - 9)
      : `HTTP/1.1 ${head.remaining(bytes, head.statusStart)}`;
  // Whoever passes on a response without a Date adds one (RFC 9110 section 6.6.1).
  if (!head.hasDate && status >= 200) text += dateLine(traits.clock.epoch());
  text += traits.ownFields;
  if (status === 101) {
    const protocol =
      head.upgradeStart < 0 ? '' : bytes.toString('latin1', head.upgradeStart, head.upgradeEnd);
    return `${text}Connection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`;
  }
  if (traits.closes) text += 'Connection: close\r\n';
  else if (traits.keepsAlive10) text += 'Connection: keep-alive\r\n';
  return `${text}\r\n`;
}

/** A 1xx that announces the real response. */
export function interimResponse(bytes: Buffer, head: ResponseHead, clock: Clock): string {
  return outgoingResponse(bytes, head, {
    closes: false,
    keepsAlive10: false,
    hidesCoding: false,
    ownFields: '',
    clock,
  });
}
