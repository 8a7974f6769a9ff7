import { METHODS } from 'node:http';
import type { Message, Reading } from './message.ts';

/** What llhttp refuses and we accept, on purpose. */
export interface Exception {
  readonly name: string;
  readonly reason: string;
  /** The row of the corpus that shows it. */
  readonly provenBy: string;
  applies(ours: Reading, theirs: Reading): boolean;
}

/** The message that llhttp refused, as we read it. */
const refusedMessage = (ours: Reading, theirs: Reading): Message | undefined =>
  ours.messages[theirs.messages.length];

export const exceptions: readonly Exception[] = [
  {
    name: 'methods',
    reason:
      'llhttp knows a list of methods; RFC 9110 section 9.1 allows any token, and a proxy passes on what it does not know',
    provenBy: 'RFC 9110 section 9.1: a method that nobody knows passes',
    applies(ours, theirs) {
      const method = refusedMessage(ours, theirs)?.start.split(' ')[0];
      return theirs.refused === 'HPE_INVALID_METHOD' && method !== undefined && !METHODS.includes(method);
    },
  },
  {
    name: 'targets',
    reason:
      'clients send raw UTF-8 and marks that RFC 3986 does not know; nginx and servers accept them, and none of these bytes ends a target',
    provenBy: 'RFC 9112 section 3.2.1: origin-form: what clients send and RFC 3986 does not know passes',
    applies(ours, theirs) {
      const target = refusedMessage(ours, theirs)?.start.split(' ')[1] ?? '';
      return theirs.refused === 'HPE_INVALID_URL' && /[\x80-\xff]/.test(target);
    },
  },
  {
    name: 'close and keep-alive',
    reason:
      'an HTTP/1.0 request that says both: llhttp keeps the connection, RFC 9112 section 9.3 looks for close first',
    provenBy: 'RFC 9112 section 9.3: close wins over keep-alive from an HTTP/1.0 client',
    applies(ours) {
      const last = ours.messages.at(-1);
      if (!ours.closes || !last?.start.endsWith(' 1.0')) return false;
      const options = last.fields.filter((field) => field.startsWith('connection: ')).join(',');
      return /\bclose\b/i.test(options) && /\bkeep-alive\b/i.test(options);
    },
  },
  {
    name: 'interim responses of HTTP/1.0, or that say close',
    reason:
      'llhttp lets the connection end behind them; the answer is still to come (RFC 9110 section 15.2), and only its own words count',
    provenBy: 'RFC 9110 section 15.2: an interim response of HTTP/1.0 is passed on as our own version',
    applies(ours, theirs) {
      const last = theirs.messages.at(-1);
      return (
        theirs.closes &&
        last?.start.startsWith('1') === true &&
        ours.messages.length >= theirs.messages.length
      );
    },
  },
  {
    name: 'Proxy-Connection',
    reason:
      'llhttp takes it for Connection; it never was one, and proxies that believe it disagree with those that do not (RFC 9112 appendix C.2.2)',
    provenBy: 'RFC 9112 section 9.3: Proxy-Connection says nothing about ours',
    applies(ours, theirs) {
      // Only how long the connection lives may differ by it.
      if (theirs.refused !== null) return false;
      const shared = Math.min(ours.messages.length, theirs.messages.length);
      const last = theirs.messages[shared - 1];
      return last?.fields.some((field) => field.startsWith('proxy-connection: ')) ?? false;
    },
  },
];
