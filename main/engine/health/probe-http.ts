import { type IncomingMessage, request } from 'node:http';
import type { Duplex } from 'node:stream';
import { type Address, formatAddress } from '@shared/config/address.ts';
import type { HealthCheckConfig } from '@shared/config/schema.ts';
import { isExpected } from './expected-status.ts';
import { isParseError } from './parse-error.ts';
import type { ProbeEnds } from './probe.ts';
import { readBody } from './probe-body.ts';

/** 1xx responses before the one that counts. */
const mostInterim = 100;

export type HttpHealthCheck = Extract<HealthCheckConfig, { type: 'http' }>;

/**
 * A request whose status, and body where that is asked for, must be as expected. A redirect is a status like any other:
 * `node:http` follows none.
 */
export function probeHttp(
  check: HttpHealthCheck,
  host: string,
  address: Address,
  { reached, finish, failed, heed }: ProbeEnds,
): () => void {
  const probe = request({
    host,
    port: address.port,
    method: check.method,
    path: check.path,
    agent: false,
    headers: {
      host: check.host ?? formatAddress(address),
      connection: 'close',
      ...withDefaults(check.headers, { 'user-agent': 'ballast-health-check', accept: '*/*' }),
    },
  });
  probe.on('socket', (socket) => socket.once('connect', reached));
  let interim = 0;
  /** Tells of a response that has begun and goes on as HTTP does not; null before its head has come. */
  let malformed: (() => void) | null = null;
  const informed = heed(() => {
    interim += 1;
    if (interim > mostInterim)
      finish({ succeeded: false, detail: `more than ${mostInterim} responses with a status of 1xx` });
  });
  const responded = heed((response: IncomingMessage) => {
    const status = response.statusCode ?? 0;
    const isGood = isExpected(status, check.expect);
    const reader = readBody(isGood ? check.body : undefined);
    const fails = (detail: string): void => finish({ succeeded: false, detail: `${status}, ${detail}` });
    const ended = (isWhole: boolean): void => {
      if (!isGood) fails(`expected ${check.expect.join(' or ')}`);
      else if (!isWhole) fails('but the response broke off');
      else {
        const judged = reader.judge();
        finish({ succeeded: judged.isGood, detail: `${status}${judged.words}` });
      }
    };
    malformed = () => (isGood ? fails('but its body is malformed') : ended(false));
    const took = heed((chunk: Buffer) => {
      if (reader.take(chunk)) ended(true);
    });
    const over = heed(() => ended(response.complete));
    response.on('data', took);
    response.on('end', over);
    response.on('error', over);
    response.on('close', over);
  });
  const switched = heed((_response: IncomingMessage, socket: Duplex) => {
    socket.destroy();
    const succeeded = check.body === undefined && isExpected(101, check.expect);
    finish({ succeeded, detail: succeeded ? '101' : `101, expected ${check.expect.join(' or ')}` });
  });
  probe.on('information', informed);
  probe.on('response', responded);
  probe.on('upgrade', switched);
  probe.on('error', (error: NodeJS.ErrnoException) => {
    if (malformed !== null && isParseError(error)) malformed();
    else failed(error);
  });
  probe.end();
  return () => probe.destroy();
}

function withDefaults(
  fields: Readonly<Record<string, string>>,
  defaults: Readonly<Record<string, string>>,
): Record<string, string> {
  const written = new Set(Object.keys(fields).map((name) => name.toLowerCase()));
  const missing = Object.entries(defaults).filter(([name]) => !written.has(name));
  return { ...Object.fromEntries(missing), ...fields };
}
