import { type IncomingMessage, request } from 'node:http';
import { type Address, formatAddress } from '@shared/config/address.ts';
import type { HealthCheckConfig } from '@shared/config/schema.ts';
import { isExpected } from './expected-status.ts';
import type { ProbeEnds } from './probe.ts';
import { readBody } from './probe-body.ts';

export type HttpHealthCheck = Extract<HealthCheckConfig, { type: 'http' }>;

/**
 * A request whose status, and body where that is asked for, must be as expected. A redirect is a status like any other:
 * `node:http` follows none.
 */
export function probeHttp(
  check: HttpHealthCheck,
  host: string,
  address: Address,
  { reached, finish, failed }: ProbeEnds,
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
  probe.on('response', (response) => {
    const status = response.statusCode ?? 0;
    if (!isExpected(status, check.expect)) {
      const reader = readBody(undefined);
      const detail = `${status}, expected ${check.expect.join(' or ')}`;
      return takeBody(response, reader.take, () => finish({ succeeded: false, detail }));
    }
    const reader = readBody(check.body);
    takeBody(response, reader.take, (isWhole) => {
      if (!isWhole) return finish({ succeeded: false, detail: `${status}, but the response broke off` });
      const { isGood, words } = reader.judge();
      finish({ succeeded: isGood, detail: `${status}${words}` });
    });
  });
  probe.on('upgrade', (_response, socket) => {
    socket.destroy();
    const succeeded = check.body === undefined && isExpected(101, check.expect);
    finish({ succeeded, detail: succeeded ? '101' : `101, expected ${check.expect.join(' or ')}` });
  });
  probe.on('error', failed);
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

/**
 * @param take true once it has enough
 * @param ended told whether the body has ended, or is enough; the first call counts
 */
function takeBody(
  response: IncomingMessage,
  take: (chunk: Buffer) => boolean,
  ended: (isWhole: boolean) => void,
): void {
  response.on('data', (chunk: Buffer) => {
    if (take(chunk)) ended(true);
  });
  response.on('end', () => ended(response.complete));
  response.on('error', () => ended(false));
  response.on('close', () => ended(response.complete));
}
