import type { LimitKind } from '@shared/catalog/limits.ts';

/**
 * Why a message is refused. Scanners return the negative of a refusal's number, so that the hot path needs no object:
 * above zero is the end of the head, zero wants more bytes, below zero is one of these.
 */
export interface Refusal {
  /** Status for a client's message; a server's message that cannot be read is 502 whatever the reason. */
  readonly status: number;
  readonly text: string;
  /** The limit that was reached, where it is one. */
  readonly limit?: LimitKind;
}

export const refusals = [
  { status: 500, text: 'nothing was wrong' },
  { status: 400, text: 'the request line is not METHOD SP TARGET SP HTTP/1.1 CRLF' },
  { status: 505, text: 'this listener speaks HTTP/1.1 and HTTP/1.0 only' },
  { status: 400, text: 'the status line is not HTTP/1.1 SP STATUS SP REASON CRLF' },
  { status: 400, text: 'a field name is empty, holds a forbidden byte, or is not followed at once by ":"' },
  { status: 400, text: 'a field value holds a control byte, or a line does not end in CRLF' },
  {
    status: 431,
    text: 'the head has more fields than the listener allows (limits.headFields)',
    limit: 'head-fields',
  },
  {
    status: 431,
    text: 'the head is larger than the listener allows (limits.headBytes)',
    limit: 'head-bytes',
  },
  {
    status: 414,
    text: 'the request target is longer than the listener allows (limits.targetBytes)',
    limit: 'target-bytes',
  },
  { status: 400, text: 'an HTTP/1.1 request needs exactly one Host field' },
  { status: 400, text: 'the Host field is no host name' },
  { status: 400, text: 'Content-Length is no number' },
  { status: 400, text: 'Content-Length is given more than once' },
  { status: 400, text: 'the only Transfer-Encoding understood is a single "chunked"' },
  { status: 400, text: 'both Content-Length and Transfer-Encoding are given' },
  { status: 400, text: 'Transfer-Encoding does not exist in HTTP/1.0' },
  { status: 400, text: 'the target is neither a path, an absolute http URL, nor * with OPTIONS' },
  { status: 405, text: 'CONNECT asks for a forward proxy; this is a load balancer' },
  { status: 417, text: 'the only Expect understood is 100-continue' },
  { status: 400, text: 'a chunk of the body is malformed' },
  { status: 408, text: 'the head was not complete in time (limits.headTimeout)', limit: 'head-timeout' },
  { status: 408, text: 'the body made no progress in time (limits.bodyTimeout)', limit: 'body-timeout' },
  { status: 408, text: 'the body came too slowly (limits.bodyBytesPerSecond)', limit: 'body-rate' },
  {
    status: 431,
    text: 'the chunk extensions or trailers of the body are larger than the listener allows (limits.trailerBytes)',
    limit: 'trailer-bytes',
  },
  { status: 400, text: 'Max-Forwards is no number, or is given twice' },
  {
    status: 400,
    text: 'Content-Length or Transfer-Encoding is spelled with "_", which some read as the same name',
  },
] as const satisfies readonly Refusal[];

export const REQUEST_LINE = 1;
export const VERSION = 2;
export const STATUS_LINE = 3;
export const FIELD_NAME = 4;
export const FIELD_VALUE = 5;
export const TOO_MANY_FIELDS = 6;
export const HEAD_TOO_LARGE = 7;
export const LINE_TOO_LONG = 8;
export const HOST_COUNT = 9;
export const HOST_FORM = 10;
export const LENGTH_FORM = 11;
export const LENGTH_TWICE = 12;
export const CODING = 13;
export const LENGTH_AND_CODING = 14;
export const CODING_IN_HTTP_10 = 15;
export const TARGET_FORM = 16;
export const CONNECT = 17;
export const EXPECTATION = 18;
export const CHUNK = 19;
export const HEAD_TIMEOUT = 20;
export const BODY_TIMEOUT = 21;
export const BODY_RATE = 22;
export const TRAILER_TOO_LARGE = 23;
export const MAX_FORWARDS = 24;
export const FRAMING_NAME = 25;

/** The refusal behind a scanner's negative result. */
export function refusalOf(result: number): Refusal {
  return refusals[-result] ?? refusals[REQUEST_LINE];
}
