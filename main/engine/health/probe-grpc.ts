import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { connect as connectSocket } from 'node:net';
import { type Address, formatAddress } from '@shared/config/address.ts';
import type { HealthCheckConfig } from '@shared/config/schema.ts';
import { SievedConnection } from './frame-sieve.ts';
import { checkRequest, servingStatuses, servingStatusIn } from './grpc-health-message.ts';
import type { ProbeEnds, ProbeResult } from './probe.ts';

export type GrpcHealthCheck = Extract<HealthCheckConfig, { type: 'grpc' }>;

/** An answer is two bytes long; whatever is much longer is none. */
const mostAnswerBytes = 4_096;
/** All that may come on the connection, frames around the answer included. */
const mostBytes = 262_144;
const longestReason = 100;
const closedEarly = 'closed before it answered';

type Head = IncomingHttpHeaders & IncomingHttpStatusHeader;

/**
 * Calls `grpc.health.v1.Health/Check` over HTTP/2 without TLS (prior knowledge), as the gRPC health checking protocol says: the
 * server is well where the call ends with OK and the status is SERVING. https://github.com/grpc/grpc/blob/master/doc/health-checking.md
 */
export function probeGrpc(
  check: GrpcHealthCheck,
  host: string,
  address: Address,
  { reached, finish, failed, heed }: ProbeEnds,
): () => void {
  const tooMany = heed(() =>
    finish({ succeeded: false, detail: `more than ${mostBytes} bytes came, and no answer` }),
  );
  const session = connect(`http://${formatAddress({ host, port: address.port })}`, {
    settings: { enablePush: false },
    // Here and not before: what is above may throw, and nobody would listen to the errors of a socket that was opened by then.
    createConnection() {
      const socket = connectSocket({ host, port: address.port, allowHalfOpen: true });
      socket.once('connect', reached);
      return new SievedConnection(socket, mostBytes, tooMany);
    },
  });
  session.on('error', failed);
  session.on(
    'close',
    heed(() => finish({ succeeded: false, detail: closedEarly })),
  );
  const call = requestOn(session, {
    [constants.HTTP2_HEADER_METHOD]: 'POST',
    [constants.HTTP2_HEADER_PATH]: '/grpc.health.v1.Health/Check',
    [constants.HTTP2_HEADER_SCHEME]: 'http',
    [constants.HTTP2_HEADER_AUTHORITY]: check.host ?? formatAddress(address),
    [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc',
    [constants.HTTP2_HEADER_TE]: 'trailers',
    [constants.HTTP2_HEADER_USER_AGENT]: 'ballast-health-check',
    'grpc-timeout': `${check.timeoutMs}m`,
  });
  let head: Head = {};
  let trailers: IncomingHttpHeaders = {};
  const chunks: Buffer[] = [];
  let bytes = 0;
  const tooLong = heed(() => finish({ succeeded: false, detail: notGrpc(head) }));
  const took = heed((chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= mostAnswerBytes) chunks.push(chunk);
    // The head that came with it is told at the end of this turn.
    else process.nextTick(tooLong);
  });
  call.on('response', (fields) => {
    head = fields;
  });
  call.on('trailers', (fields) => {
    trailers = fields;
  });
  call.on('data', took);
  // Where there is no connection, its failure is the cause of the call's.
  call.on('error', (error) => failed(error.cause instanceof Error ? error.cause : error));
  call.on(
    'end',
    heed(() => finish(judge(check, head, trailers, Buffer.concat(chunks)))),
  );
  call.end(checkRequest(check.service));
  return () => session.destroy();
}

/** A call that cannot be made leaves no connection behind. @throws what `request` throws at fields that no message can have */
function requestOn(session: ClientHttp2Session, fields: OutgoingHttpHeaders): ClientHttp2Stream {
  try {
    return session.request(fields);
  } catch (error) {
    session.destroy();
    throw error;
  }
}

/** Codes of gRPC, by number. */
const codeNames = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
];
const notFound = 5;
const unimplemented = 12;

function judge(
  { service }: GrpcHealthCheck,
  head: Head,
  trailers: IncomingHttpHeaders,
  body: Buffer,
): Pick<ProbeResult, 'succeeded' | 'detail'> {
  const fails = (detail: string) => ({ succeeded: false, detail });
  // An answer without a message says everything in its head (Trailers-Only).
  const told = trailers['grpc-status'] ?? head['grpc-status'];
  if (head[':status'] !== 200 || told === undefined) return fails(notGrpc(head));
  const code = Number(told);
  const asked = service === '' ? 'the server' : `service ${service}`;
  if (code === unimplemented)
    return fails('UNIMPLEMENTED: it has no grpc.health.v1.Health service; add one, or write type: tcp');
  if (code === notFound) return fails(`NOT_FOUND: it does not know ${asked}`);
  if (code !== 0) return fails(`${codeNames[code] ?? `code ${told}`}${reason(trailers, head)}`);
  const status = servingStatusIn(body);
  if (status === null) return fails('the answer was no HealthCheckResponse');
  const word = servingStatuses[status];
  if (word === 'SERVING') return { succeeded: true, detail: word };
  if (word === 'SERVICE_UNKNOWN') return fails(`${word}: it does not know ${asked}`);
  return fails(word === undefined ? `unknown serving status ${status}` : `${word}, expected SERVING`);
}

function notGrpc(head: Head): string {
  const status = head[':status'];
  return status === undefined ? closedEarly : `status ${status}, the answer was no gRPC`;
}

function reason(trailers: IncomingHttpHeaders, head: IncomingHttpHeaders): string {
  const text = trailers['grpc-message'] ?? head['grpc-message'];
  if (typeof text !== 'string' || text === '') return '';
  const short = decoded(text).replaceAll(/[\u0000-\u001f\u007f]+/g, ' ');
  return `: ${short.length > longestReason ? `${short.slice(0, longestReason)}…` : short}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
