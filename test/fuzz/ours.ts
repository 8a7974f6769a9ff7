import { BodyFraming } from '../../main/engine/http1/body-framing.ts';
import type { HeadFields } from '../../main/engine/http1/head-fields.ts';
import { refusalOf } from '../../main/engine/http1/refusal.ts';
import { RequestHead } from '../../main/engine/http1/request-head.ts';
import { ResponseHead } from '../../main/engine/http1/response-head.ts';
import type { Message, Reading, Side } from './message.ts';

const fieldLimit = 1_000;
const requestHead = new RequestHead();
const responseHead = new ResponseHead();

interface Begun {
  start: string;
  fields: string[];
  /** No message follows it. */
  isLast: boolean;
}

/**
 * Reads a stream as the lane does, by the head scanner and the body framing, at the given splits. `toHead`: the response
 * answers HEAD.
 */
export function readOurs(bytes: Buffer, side: Side, splits: readonly number[], toHead = false): Reading {
  const messages: Message[] = [];
  const framing = new BodyFraming();
  let at = 0;
  let message: (Begun & { head: string; bodyStart: number; body: string }) | null = null;
  let refused: string | null = null;
  let closes = false;

  const finish = (complete: boolean): void => {
    if (!message) return;
    const { start, fields, bodyStart, body, head } = message;
    const trailers = framing.kind === 'chunked' && complete ? trailersOf(bytes, bodyStart, at) : [];
    messages.push({ start, fields, body, trailers, complete, head });
    closes = complete && message.isLast;
    message = null;
  };

  for (const stop of [...splits, bytes.length]) {
    // The offsets below are into all of the bytes; what is past `stop` must not be looked at.
    const seen = Buffer.alloc(stop + 16, 0x2a);
    bytes.copy(seen, 0, 0, stop);
    while (refused === null && !closes && (at < stop || message !== null)) {
      if (message === null) {
        const head = side === 'request' ? requestHead : responseHead;
        const end = head.scan(seen, at, stop, fieldLimit);
        if (end === 0) break;
        if (end < 0) {
          refused = refusalOf(end).text;
          break;
        }
        if (side === 'response' && responseHead.status === 101) {
          refused = 'a switch that nobody asked for';
          break;
        }
        message = {
          ...begin(seen, side, framing, toHead),
          bodyStart: end,
          body: '',
          head: bytes.toString('latin1', at, end),
        };
        at = end;
        // 1xx are no answers yet; whoever asked waits on.
        if (side === 'response' && responseHead.status >= 200) message.isLast = true;
      }
      if (!framing.done) {
        if (framing.kind === 'chunked') framing.chunked.collects = true;
        const from = at;
        at = framing.consume(seen, at, stop);
        message.body += dataOf(framing, seen, from, at);
        if (framing.broken) {
          refused = 'a malformed chunk';
          break;
        }
      }
      if (!framing.done) break;
      finish(true);
    }
    if (refused !== null || closes) break;
  }
  finish(false);
  const isPending = refused === null && !closes && messages.at(-1)?.complete !== false;
  return { messages, refused, closes, pending: isPending ? bytes.toString('latin1', at) : '' };
}

function begin(bytes: Buffer, side: Side, framing: BodyFraming, toHead: boolean): Begun {
  if (side === 'request') {
    const head = requestHead;
    frame(framing, head, 'none');
    const method = bytes.toString('latin1', head.methodStart, head.methodEnd);
    const target = bytes.toString('latin1', head.targetStart, head.targetEnd);
    return {
      start: `${method} ${target} 1.${head.minor}`,
      fields: fieldsOf(bytes, head.fieldsStart, head.end),
      isLast: head.closes || (head.minor === 0 && !head.keepsAlive),
    };
  }
  const head = responseHead;
  const { status } = head;
  if (toHead || status < 200 || status === 204 || status === 304) framing.start('none', 0);
  else frame(framing, head, 'until-close');
  return {
    start: `${status} 1.${head.minor}`,
    fields: fieldsOf(bytes, head.fieldsStart, head.end),
    isLast: false,
  };
}

function frame(framing: BodyFraming, head: HeadFields, otherwise: 'none' | 'until-close'): void {
  if (head.chunked) framing.start('chunked', 0);
  else if (head.contentLength >= 0) framing.start('length', head.contentLength);
  else framing.start(otherwise, 0);
}

function dataOf(framing: BodyFraming, bytes: Buffer, start: number, end: number): string {
  if (framing.kind !== 'chunked') return bytes.toString('latin1', start, end);
  let data = '';
  const { ranges } = framing.chunked;
  for (let i = 0; i < ranges.length; i += 2) data += bytes.toString('latin1', ranges[i], ranges[i + 1]);
  return data;
}

/** What was accepted is well-formed, so lines can be cut at CRLF and at the first colon. */
function fieldsOf(bytes: Buffer, start: number, end: number): string[] {
  const lines = bytes.toString('latin1', start, end).split('\r\n');
  return lines
    .filter((line) => line !== '')
    .map((line) => {
      const colon = line.indexOf(':');
      const value = line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '');
      return `${line.slice(0, colon).toLowerCase()}: ${value}`;
    });
}

function trailersOf(bytes: Buffer, start: number, end: number): string[] {
  let at = start;
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at, 'latin1');
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    // Accepted, and yet not well-formed: llhttp will have another opinion.
    if (lineEnd < 0 || lineEnd > end || Number.isNaN(size)) return ['(unreadable chunks)'];
    at = lineEnd + 2;
    if (size === 0) return fieldsOf(bytes, at, end);
    at += size + 2;
  }
}
