import { connect } from 'node:net';
import type { Address } from '@shared/config/address.ts';
import type { HealthCheckConfig } from '@shared/config/schema.ts';
import { assertNever } from '@shared/lib/assert-never.ts';
import { formatDuration } from '@shared/lib/duration.ts';
import type { Clock } from '../clock.ts';
import { isOwnFault } from '../descriptors.ts';
import type { Endpoint } from '../pool/endpoint.ts';
import { isParseError } from './parse-error.ts';
import { probeGrpc } from './probe-grpc.ts';
import { probeHttp } from './probe-http.ts';

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

/** What a probe of any kind tells. */
export interface ProbeEnds {
  /** Somebody listens there. */
  readonly reached: () => void;
  /** The first call counts. */
  readonly finish: (result: Pick<ProbeResult, 'succeeded' | 'detail'>) => void;
  readonly failed: (error: NodeJS.ErrnoException) => void;
  /** Makes a listener of a function: what it throws is a failed probe, and once the probe is over it is not called any more. */
  readonly heed: <A extends unknown[]>(listener: (...args: A) => void) => (...args: A) => void;
}

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
    let done = false;
    const cancelTimer = clock.after(check.timeoutMs, () =>
      ends.finish({ succeeded: false, detail: `no answer within ${formatDuration(check.timeoutMs)}` }),
    );
    const ends: ProbeEnds = {
      reached() {
        connected = true;
      },
      finish(result) {
        if (done) return;
        done = true;
        cancelTimer();
        resolve({ ...result, connected, ownFault });
        stop();
      },
      failed(error) {
        ownFault ||= isOwnFault(error.code);
        ends.finish({ succeeded: false, detail: describeError(error) });
      },
      heed:
        (listener) =>
        (...args) => {
          if (done) return;
          try {
            listener(...args);
          } catch (error) {
            // Whatever a server or a configuration makes us stumble over: a failed probe, never a crash.
            ends.failed(error instanceof Error ? error : new Error(String(error)));
          }
        },
    };
    // An API that refuses what it is given throws instead of telling its events.
    ends.heed(() => {
      stop = begin(check, host, address, ends);
    })();
    // Over before it began: nobody has stopped it.
    if (done) stop();
  });
}

/** Returns what ends it. */
function begin(check: ActiveHealthCheck, host: string, address: Address, ends: ProbeEnds): () => void {
  switch (check.type) {
    case 'tcp':
      return probeTcp(host, address, ends);
    case 'http':
      return probeHttp(check, host, address, ends);
    case 'grpc':
      return probeGrpc(check, host, address, ends);
    default:
      return assertNever(check);
  }
}

function probeTcp(host: string, address: Address, { reached, finish, failed, heed }: ProbeEnds): () => void {
  const socket = connect({ host, port: address.port });
  socket.on(
    'connect',
    heed(() => {
      reached();
      finish({ succeeded: true, detail: 'connected' });
    }),
  );
  socket.on('error', failed);
  return () => socket.destroy();
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
  ERR_HTTP2_ERROR: 'the answer was no HTTP/2',
  ERR_HTTP2_SESSION_ERROR: 'the answer was no HTTP/2',
};

function describeError(error: NodeJS.ErrnoException): string {
  if (error.code !== undefined && Object.hasOwn(errorWords, error.code)) return errorWords[error.code]!;
  if (isParseError(error)) return 'the answer was no HTTP';
  return error.message;
}
