import {
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';

export interface GrpcCall {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** As it was sent, framed. */
  readonly message: Buffer;
  readonly stream: ServerHttp2Stream;
}

export interface GrpcServer {
  readonly port: number;
  readonly calls: readonly GrpcCall[];
  close(): void;
}

/** A server of HTTP/2 without TLS that answers every call as it is told. */
export async function grpcServer(answer: (call: GrpcCall) => void): Promise<GrpcServer> {
  const server: Http2Server = createServer();
  const sessions = new Set<ServerHttp2Session>();
  const calls: GrpcCall[] = [];
  server.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => {});
    session.on('close', () => sessions.delete(session));
  });
  server.on('stream', (stream, headers) => {
    const chunks: Buffer[] = [];
    stream.on('error', () => {});
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      const call = { path: String(headers[':path']), headers, message: Buffer.concat(chunks), stream };
      calls.push(call);
      answer(call);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    calls,
    close() {
      server.close();
      for (const session of sessions) session.destroy();
    },
  };
}

/** Answers with a `HealthCheckResponse`, its bytes written out, and the code of gRPC in the trailers. */
export function answerStatus(
  stream: ServerHttp2Stream,
  status: number,
  { code = '0', message = '' } = {},
): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () =>
    stream.sendTrailers({ 'grpc-status': code, ...(message !== '' && { 'grpc-message': message }) }),
  );
  const body = status === 0 ? [] : [0x08, status];
  stream.end(Buffer.from([0, 0, 0, 0, body.length, ...body]));
}

/** Answers with a code of gRPC alone, in the head, as servers do for a call they do not know. */
export function answerCode(stream: ServerHttp2Stream, code: string, message = ''): void {
  stream.respond(
    {
      ':status': 200,
      'content-type': 'application/grpc',
      'grpc-status': code,
      ...(message !== '' && { 'grpc-message': message }),
    },
    { endStream: true },
  );
}
