import type { Clock } from '../clock.ts';
import type { Exchange } from '../exchange.ts';
import { CR, LF } from '../http1/byte-classes.ts';
import { HEAD_TOO_LARGE, LINE_TOO_LONG, type Refusal, refusals } from '../http1/refusal.ts';
import type { HeldBytes } from '../sockets/held-bytes.ts';

/** Makes the exchange ready for another request; everything of the one before is forgotten. */
export function resetExchange(exchange: Exchange, clock: Clock, listener: string): void {
  exchange.startedAt = clock.now();
  exchange.startedEpoch = clock.epoch();
  exchange.listener = listener;
  exchange.route = null;
  exchange.pool = null;
  exchange.method = '';
  exchange.target = '';
  exchange.status = 0;
  exchange.requestBytes = 0;
  exchange.responseBytes = 0;
  exchange.error = null;
  exchange.setCookie = null;
  exchange.attemptCount = 0;
  exchange.answeredBy = null;
  exchange.unserved = null;
  exchange.stop = null;
  exchange.queuedAt = 0;
  exchange.busy = false;
  exchange.retryAfterMs = 0;
  exchange.circuitTrial = 0;
  exchange.clientLeft = false;
}

/** The request line of what is refused, as far as there is one: the journal should say what it was. */
export function noteRefused(exchange: Exchange, bytes: Buffer, start: number, end: number): void {
  const lineEnd = bytes.indexOf(CR, start);
  const stop = Math.min(lineEnd < 0 ? end : lineEnd, end, start + 200);
  const match = /^([!#$%&'*+.^_`|~\w-]{1,32}) (\S+)/.exec(bytes.toString('latin1', start, stop));
  if (!match) return;
  exchange.method = match[1]!;
  exchange.target = match[2]!;
}

/** A head that is not complete can only become so, or wrong, with the end of a line. */
export function hasLineEnd(bytes: Buffer, length: number): boolean {
  const at = bytes.indexOf(LF);
  return at >= 0 && at < length;
}

/** All that came of a head is the empty line that may stand before it, or the beginning of one. */
export function isEmptyLine({ bytes, start, length }: HeldBytes): boolean {
  return length <= 2 && bytes[start] === CR;
}

/** Which limit a head that is too large broke. */
export function tooLong(bytes: Buffer, start: number, headBytes: number): Refusal {
  const lineEnd = bytes.indexOf(LF, start);
  return refusals[lineEnd < 0 || lineEnd - start > headBytes ? LINE_TOO_LONG : HEAD_TOO_LARGE];
}

/** The commonest method without making a string. */
export function methodText(bytes: Buffer, start: number, end: number): string {
  const isGet =
    end - start === 3 && bytes[start] === 0x47 && bytes[start + 1] === 0x45 && bytes[start + 2] === 0x54;
  return isGet ? 'GET' : bytes.toString('latin1', start, end);
}
