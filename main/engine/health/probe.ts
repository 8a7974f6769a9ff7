import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { type Address, formatAddress } from '@shared/config/address.ts';
import type { HealthCheckConfig } from '@shared/config/schema.ts';
import { formatDuration } from '@shared/lib/duration.ts';
import type { Clock } from '../clock.ts';
import { isOwnFault } from '../descriptors.ts';
import type { Endpoint } from '../pool/endpoint.ts';

export interface ProbeResult {
  readonly succeeded: boolean;
  /** Somebody listens there. */
  readonly connected: boolean;
  /** This machine had no socket for it: says nothing about the server. */
  readonly ownFault: boolean;
  /** What was seen: `200`, `connected`, `connection refused`, `no answer within 1s`, `503, expected 2xx or 3xx`. */
  readonly detail: string;
}

export type ActiveHealthCheck = Exclude<HealthCheckConfig, { type: 'none' }>;
export type HttpHealthCheck = Extract<HealthCheckConfig, { type: 'http' }>;

/** A probe reads no more of a body than this; a longer one is cut off, since only the status counts. */
const bodyBytesLimit = 65_536;

/** Probes a server, at each of the addresses that its name means until one is reached. Never rejects. */
export async function probeServer(
  check: ActiveHealthCheck,
  endpoint: Endpoint,
  clock: Clock,
): Promise<ProbeResult> {
  const { address } = endpoint;
  let result: ProbeResult = {
    succeeded: false,
    connected: false,
    ownFault: false,
    detail: endpoint.problem ?? 'it has no address',
  };
  for (const host of endpoint.hosts) {
    result = await runProbe(check, address, clock, host);
    if (result.connected) endpoint.reached(host);
    if (result.connected || result.ownFault) break;
  }
  return result;
}

/**
 * Runs one probe. Never rejects. Each has its own connection, so that it finds out whether new ones are accepted.
 *
 * @param host what to connect to, for an address that is a name
 */
export function runProbe(
  check: ActiveHealthCheck,
  address: Address,
  clock: Clock,
  host = address.host,
): Promise<ProbeResult> {
  return new Promise((resolve) => {
    let stop = (): void => {};
    let connected = false;
    let ownFault = false;
    const cancelTimer = clock.after(check.timeoutMs, () =>
      finish({ succeeded: false, detail: `no answer within ${formatDuration(check.timeoutMs)}` }),
    );
    let done = false;
    function finish(result: Seen): void {
      if (done) return;
      done = true;
      cancelTimer();
      stop();
      resolve({ ...result, connected, ownFault });
    }
    const reached = (): void => {
      connected = true;
    };
    const failed = (error: NodeJS.ErrnoException): void => {
      ownFault = isOwnFault(error.code);
      finish({ succeeded: false, detail: describeError(error) });
    };
    const ends: ProbeEnds = { reached, finish, failed };
    stop = check.type === 'tcp' ? probeTcp(host, address, ends) : probeHttp(check, host, address, ends);
  });
}

type Seen = Pick<ProbeResult, 'succeeded' | 'detail'>;
interface ProbeEnds {
  /** Somebody listens there. */
  readonly reached: () => void;
  readonly finish: (result: Seen) => void;
  readonly failed: (error: NodeJS.ErrnoException) => void;
}

function probeTcp(host: string, address: Address, { reached, finish, failed }: ProbeEnds): () => void {
  const socket = connect({ host, port: address.port });
  socket.on('connect', () => {
    reached();
    finish({ succeeded: true, detail: 'connected' });
  });
  socket.on('error', failed);
  return () => socket.destroy();
}

function probeHttp(
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
      'user-agent': 'ballast-health-check',
      accept: '*/*',
      connection: 'close',
    },
  });
  probe.on('socket', (socket) => socket.once('connect', reached));
  // Redirects are not followed: node:http never does, and a redirect is a status like any other.
  probe.on('response', (response) => {
    const status = response.statusCode ?? 0;
    const succeeded = isExpected(status, check.expect);
    const detail = succeeded ? String(status) : `${status}, expected ${check.expect.join(' or ')}`;
    discardBody(response, () => finish({ succeeded, detail }));
  });
  probe.on('upgrade', (_response, socket) => {
    socket.destroy();
    finish({ succeeded: isExpected(101, check.expect), detail: '101' });
  });
  probe.on('error', failed);
  probe.end();
  return () => probe.destroy();
}

/** Reads the body to its end, so that the service is not startled by a cut connection, within limits. */
function discardBody(response: IncomingMessage, ended: () => void): void {
  let bodyBytes = 0;
  response.on('data', (chunk: Buffer) => {
    bodyBytes += chunk.length;
    if (bodyBytes > bodyBytesLimit) ended();
  });
  response.on('end', ended);
  response.on('error', ended);
  response.on('close', ended);
}

/** Whether a status is in one of the ranges as the configuration writes them: `200`, `2xx`, `200-399`, `2xx-3xx`. */
export function isExpected(status: number, ranges: HttpHealthCheck['expect']): boolean {
  return ranges.some((range) => {
    if (typeof range === 'number') return status === range;
    const [from, to = from] = range.split('-') as [string, string?];
    return status >= Number(from.replace('xx', '00')) && status <= Number(to.replace('xx', '99'));
  });
}

const errorWords: Record<string, string> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection reset',
  ETIMEDOUT: 'connecting timed out',
  EHOSTUNREACH: 'no route to the address',
  ENETUNREACH: 'no route to the address',
  ENOTFOUND: 'no such name',
  EAI_AGAIN: 'the name could not be resolved',
  EADDRNOTAVAIL: 'no free local port to connect from',
};

function describeError(error: NodeJS.ErrnoException): string {
  if (error.code !== undefined && Object.hasOwn(errorWords, error.code)) return errorWords[error.code]!;
  if (error.code?.startsWith('HPE_')) return 'the answer was no HTTP';
  return error.message;
}
