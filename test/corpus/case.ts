import { STATUS_CODES } from 'node:http';
import { CHUNK, refusals } from '../../main/engine/http1/refusal.ts';

/** What one side sends, and exactly what has arrived on either side before the next step begins. Bytes as latin1. */
export interface Step {
  readonly client?: string;
  readonly server?: string;
  /** How the side that sends ends its half afterwards. */
  readonly ends?: 'fin' | 'reset';
  /** `…` stands for bytes that differ from run to run (a port, a duration). */
  readonly atServer?: string;
  readonly atClient?: string;
}

/** One row of the corpus: a rule, the bytes that put it to the test, and what has to come of them. */
export interface Case {
  /** Where the rule stands. */
  readonly section: string;
  readonly name: string;
  readonly steps: readonly Step[];
  /**
   * What becomes of the client's connection: `reset` where it must not take what it got for complete, so that bytes of what
   * broke off may have passed; `stays-or-reset` where that depends on how much came at once.
   */
  readonly clientAfter: 'stays' | 'closed' | 'reset' | 'stays-or-reset';
  /** What becomes of the server's; `any` where it depends on how much came at once. */
  readonly serverAfter: 'kept' | 'closed' | 'untouched' | 'any';
  /** The listener trusts what clients say about where they come from. */
  readonly trusts: boolean;
  /** The number of the refusal that the head alone brings; 0 for none. */
  readonly refusal: number;
  /** May stand between two other requests in one write. */
  readonly pipelines: boolean;
}

/** The clock of the corpus stands still at the example of RFC 9110 section 5.6.7. */
export const corpusEpochMs = 784_111_777_000;
export const date = 'Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n';

/** What Ballast adds to a request. */
export const own = (host = 'a'): string =>
  `X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: ${host}\r\n\r\n`;

export const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
export const got = `GET / HTTP/1.1\r\nHost: a\r\n${own()}`;
export const ok = `HTTP/1.1 200 OK\r\n${date}Content-Length: 2\r\n\r\nok`;
export const okClosing = `HTTP/1.1 200 OK\r\n${date}Content-Length: 2\r\nConnection: close\r\n\r\nok`;

/** A request with these fields, as a client sends it, and as it reaches a server. */
export const sent = (fields: string, body = '', line = 'GET / HTTP/1.1'): string =>
  `${line}\r\nHost: a\r\n${fields}\r\n${body}`;
export const passed = (fields: string, body = '', line = 'GET / HTTP/1.1'): string =>
  `${line}\r\nHost: a\r\n${fields}${own()}${body}`;
export const post = (fields: string, body = ''): string => sent(fields, body, 'POST / HTTP/1.1');
export const posted = (fields: string, body = ''): string => passed(fields, body, 'POST / HTTP/1.1');

const usual = {
  clientAfter: 'stays',
  serverAfter: 'kept',
  trusts: false,
  refusal: 0,
  pipelines: true,
} as const;

type More = Partial<Omit<Case, 'section' | 'name' | 'steps'>>;

/** A request that passes: what the server gets. Its answer passes unchanged. */
export function request(
  section: string,
  name: string,
  client: string,
  atServer: string,
  more: More & { readonly closes?: boolean } = {},
): Case {
  const { closes = false, ...rest } = more;
  const steps = [
    { client, atServer },
    { server: ok, atClient: closes ? okClosing : ok },
  ];
  return { section, name, steps, ...usual, ...(closes && { clientAfter: 'closed' as const }), ...rest };
}

/** A request of an HTTP/1.0 client that asks to keep its connection. */
export function keptAlive10(section: string, name: string, client: string, atServer: string): Case {
  const kept = ok.replace('\r\n\r\n', '\r\nConnection: keep-alive\r\n\r\n');
  const steps = [
    { client, atServer },
    { server: ok, atClient: kept },
  ];
  return { section, name, steps, ...usual };
}

/** What Ballast itself answers. */
export function ownAnswer(
  status: number,
  text: string,
  { closes = true, attempts = '', allow = false } = {},
): string {
  const body = `Ballast answers ${status} ${STATUS_CODES[status]}: ${text}\n${attempts}Request r1 on listener web.\n`;
  const length = body.includes('…') ? '…' : body.length;
  return (
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${date}Content-Type: text/plain; charset=utf-8\r\nContent-Length: ${length}\r\n` +
    `Cache-Control: no-store\r\n${allow || status === 405 ? 'Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n' : ''}${closes ? 'Connection: close\r\n' : ''}\r\n${body}`
  );
}

/** A request whose head is refused: nothing of it reaches a server, nothing behind it is read as a request. */
export function refused(section: string, name: string, client: string, refusal: number): Case {
  const { status, text } = refusals[refusal]!;
  const steps = [{ client, atClient: ownAnswer(status, text) }];
  return { section, name, steps, ...usual, clientAfter: 'closed', serverAfter: 'untouched', refusal };
}

/** A request whose chunks are refused; its head may have reached a server by then. */
export function refusedBody(section: string, name: string, body: string, refusal: number = CHUNK): Case {
  const { status, text } = refusals[refusal]!;
  const client = post('Transfer-Encoding: chunked\r\n', body);
  const steps = [{ client, atClient: ownAnswer(status, text, { attempts: '…' }) }];
  return { section, name, steps, ...usual, clientAfter: 'closed', serverAfter: 'any' };
}

/** A server's answer that passes: what the client gets. */
export function response(
  section: string,
  name: string,
  server: string,
  atClient: string,
  more: More & { readonly ask?: string; readonly asked?: string; readonly ends?: 'fin' } = {},
): Case {
  const { ask = get, asked = got, ends, ...rest } = more;
  const steps = [
    { client: ask, atServer: asked },
    { server, atClient, ...(ends && { ends }) },
  ];
  return { section, name, steps, ...usual, ...rest };
}

export const badGateway = (detail: string, closes = false): string =>
  ownAnswer(502, `…${detail}…`, { closes, attempts: '…' });

/** A server's answer that cannot be read, or is not believed: 502, and nothing of it reaches the client. */
export function unreadable(
  section: string,
  name: string,
  server: string,
  refusal: number | string,
  more: More & { readonly ends?: 'fin' | 'reset' } = {},
): Case {
  const { ends, ...rest } = more;
  const detail =
    typeof refusal === 'string' ? refusal : `the response cannot be read: ${refusals[refusal]!.text}`;
  const steps = [
    { client: get, atServer: got },
    { server, atClient: badGateway(detail), ...(ends && { ends }) },
  ];
  return { section, name: `response: ${name}`, steps, ...usual, serverAfter: 'closed', ...rest };
}

/** Anything that goes back and forth. */
export function conversation(section: string, name: string, steps: readonly Step[], more: More = {}): Case {
  return { section, name, steps, ...usual, pipelines: false, ...more };
}

/** Several refusals of one section. */
export function allRefused(
  section: string,
  rows: readonly (readonly [name: string, client: string, refusal: number])[],
): Case[] {
  return rows.map(([name, client, refusal]) => refused(section, name, client, refusal));
}
