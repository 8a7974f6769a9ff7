import { STATUS_CODES } from 'node:http';
import type { Exchange } from '../exchange.ts';
import { dateLine } from '../http1/http-date.ts';
import type { Server } from '../pool/server.ts';
import { attemptText } from '../proxy/failure-text.ts';

/** What Ballast answers itself, in place of a server. */
export interface OwnResponse {
  readonly status: number;
  /** What is wrong and what to do next. */
  readonly message: string;
  readonly asJson: boolean;
  /** A response to HEAD: fields only. */
  readonly isHead: boolean;
  /** For the Date field. */
  readonly epochMs: number;
  readonly closes: boolean;
  readonly keepsAlive10: boolean;
  /** Whole lines, or empty. */
  readonly ownFields: string;
}

/** The response's bytes as latin1 text. */
export function ownResponse(exchange: Exchange, response: OwnResponse): string {
  const { status } = response;
  const body = response.asJson ? jsonBody(exchange, response) : textBody(exchange, response);
  const type = response.asJson ? 'application/json' : 'text/plain; charset=utf-8';
  const connection = response.closes
    ? 'Connection: close\r\n'
    : response.keepsAlive10
      ? 'Connection: keep-alive\r\n'
      : '';
  // The body is UTF-8, the whole is written as latin1: so its bytes stand for themselves.
  const bytes = Buffer.from(body, 'utf8').toString('latin1');
  return (
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}\r\n${dateLine(response.epochMs)}Content-Type: ${type}\r\n` +
    `Content-Length: ${bytes.length}\r\nCache-Control: no-store\r\n${status === 405 || status === 200 ? 'Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n' : ''}` +
    `${retryAfterLine(exchange)}${response.ownFields}${connection}\r\n${response.isHead ? '' : bytes}`
  );
}

/** RFC 9110 section 10.2.3: whole seconds. */
function retryAfterLine({ busy, retryAfterMs }: Exchange): string {
  return busy ? `Retry-After: ${Math.max(1, Math.ceil(retryAfterMs / 1_000))}\r\n` : '';
}

function textBody(exchange: Exchange, { status, message }: OwnResponse): string {
  const lines = [`Ballast answers ${status} ${STATUS_CODES[status] ?? ''}: ${message}`];
  for (let i = 0; i < exchange.attemptCount; i++)
    lines.push(`  attempt ${i + 1}: ${attemptText(exchange.attempts[i]!)}`);
  if (exchange.idText !== '') lines.push(`Request ${exchange.idText} on listener ${exchange.listener}.`);
  return `${lines.join('\n')}\n`;
}

function jsonBody(exchange: Exchange, { status, message }: OwnResponse): string {
  const attempts = exchange.attempts.slice(0, exchange.attemptCount).map((attempt) => ({
    server: attempt.server?.name ?? null,
    address: attempt.server?.addressText ?? null,
    outcome: attempt.outcome,
    status: attempt.status === 0 ? null : attempt.status,
    detail: attempt.detail,
    durationMs: Math.max(0, attempt.endedAt - attempt.startedAt),
  }));
  const error = {
    status,
    message,
    request: exchange.idText,
    listener: exchange.listener,
    pool: exchange.pool?.name ?? null,
    attempts,
  };
  return `${JSON.stringify({ error })}\n`;
}

/** Whether an Accept field asks for JSON rather than text (RFC 9110 section 12.5.1). Equal: what is named first. */
export function prefersJson(accept: string | null): boolean {
  if (accept === null) return false;
  let json = 0;
  let text = 0;
  for (const part of accept.split(',')) {
    const [range = '', ...parameters] = part.split(';').map((each) => each.trim().toLowerCase());
    const q = parameters.find((each) => each.startsWith('q='));
    const quality = q === undefined ? 1 : Number(q.slice(2)) || 0;
    if (range === 'application/json' || range.endsWith('+json'))
      json = Math.max(json, text >= quality ? 0 : quality);
    else if (range.startsWith('text/')) text = Math.max(text, json >= quality ? 0 : quality);
  }
  return json > text;
}

/** The lines that tell a developer what became of a request. `server`: null where none answered. */
export function ownFieldLines(exchange: Exchange, server: Server | null): string {
  const { attemptCount } = exchange;
  if (server !== null && attemptCount === 1) return server.firstAttemptLines.of(exchange);
  const { idText } = exchange;
  const rest = `x-ballast-attempts: ${attemptCount}\r\nx-ballast-request: ${idText}\r\n`;
  return server === null ? rest : `x-ballast-server: ${server.name}\r\n${rest}`;
}

/** Why a request leads to no pool. `poolName`: null where no route matched. */
export function noPoolText(listener: string, poolName: string | null, host: string, target: string): string {
  return poolName === null
    ? `no route of listener "${listener}" matches host "${host}" and path "${target}"; add one under listeners in ballast.yaml`
    : `listener "${listener}" leads to pool "${poolName}", which does not exist`;
}

/** For a client whose connection is refused: whatever it asks for. The bytes as latin1 text. */
export function noRoomResponse(why: string): string {
  const body = Buffer.from(`Ballast answers 503 Service Unavailable: ${why}\n`, 'utf8').toString('latin1');
  return `HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${body.length}\r\nCache-Control: no-store\r\nRetry-After: 1\r\nConnection: close\r\n\r\n${body}`;
}
