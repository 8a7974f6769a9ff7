import { createServer, type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { formatAddress } from '@shared/config/address.ts';
import type { Capability } from '@shared/contract/frames.ts';
import { type WebSocket, WebSocketServer } from 'ws';
import { websocketChannel } from './channels/websocket-channel.ts';
import { contentSecurityPolicy } from './content-security-policy.ts';
import { createToken, hostAllowed, originAllowed, tokenMatches } from './guard.ts';
import type { Owner } from './owner.ts';
import { createStaticFiles } from './static-files.ts';

/** Where the interface and the command line open their WebSocket. */
export const controlPath = '/control';

/** Largest frame from a caller. */
const maxPayloadBytes = 1_048_576;
/** Interfaces and command lines connected at once. */
const maxConnections = 64;
/** A socket that has not said a valid hello by then is closed. */
const helloTimeoutMs = 5_000;
/** A peer that did not answer the ping before is taken for gone. */
const heartbeatMs = 15_000;
/** Ports tried above the wanted one when that is taken. */
const portAttempts = 50;

export interface ControlServerOptions {
  readonly owner: Pick<Owner, 'serve'>;
  /** The built interface: out/renderer. */
  readonly rendererDir: string;
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  /** Where that port is taken: the next free one, or an error with `EADDRINUSE`. */
  readonly nextFree: boolean;
  readonly grant: readonly Capability[];
  readonly log: (text: string) => void;
}

export interface ControlServer {
  readonly host: string;
  /** As bound: another than asked for when that was taken. */
  readonly port: number;
  readonly token: string;
  /** The interface's address, the token in its fragment: that part never leaves the browser. */
  readonly url: string;
  close(): Promise<void>;
}

/** Serves the interface and the contract over HTTP and WebSocket to browsers and command lines on this machine. */
export async function startControlServer(options: ControlServerOptions): Promise<ControlServer> {
  const { owner, host, grant, log } = options;
  const token = createToken();
  const files = createStaticFiles(options.rendererDir);
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: maxPayloadBytes,
    perMessageDeflate: false,
  });
  const alive = new WeakSet<WebSocket>();
  const http = createServer((request, response) => {
    answer(request, response).catch((error) => {
      log(`control endpoint: ${error instanceof Error ? error.stack : String(error)}`);
      response.destroy();
    });
  });

  const listening = () => ({ host, port: (http.address() as AddressInfo).port });
  /** The status that turns a request away; undefined for one that may pass. */
  const objection = ({ headers, method }: IncomingMessage, upgrade: boolean): number | undefined => {
    if (!hostAllowed(headers.host, listening())) return 421;
    const unsafe = upgrade || (method !== 'GET' && method !== 'HEAD');
    if (unsafe && !originAllowed(headers.origin, headers.host ?? '')) return 403;
    return undefined;
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    const refused = objection(request, false);
    if (refused !== undefined) return plain(response, refused, STATUS_CODES[refused] ?? '');
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      return plain(response, 405, 'only GET and HEAD');
    }
    const [path = '/'] = (request.url ?? '/').split('?');
    const file = await files.find(path);
    if (!file) {
      return path === '/'
        ? plain(response, 503, 'The interface is not built. Run npm run build, then reload.')
        : plain(response, 404, 'Not found');
    }
    const body = await file.read();
    response.setHeader('content-type', file.type);
    response.setHeader('content-length', body.length);
    response.setHeader('cache-control', file.immutable ? 'public, max-age=31536000, immutable' : 'no-store');
    response.end(request.method === 'HEAD' ? undefined : body);
  }

  http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => {}); // a peer that resets meanwhile is no event
    const [path] = (request.url ?? '/').split('?');
    const refused =
      objection(request, true) ??
      (path !== controlPath ? 404 : sockets.clients.size >= maxConnections ? 503 : undefined);
    if (refused !== undefined) {
      socket.end(
        `HTTP/1.1 ${refused} ${STATUS_CODES[refused]}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`,
      );
      return;
    }
    sockets.handleUpgrade(request, socket, head, accept);
  });

  function accept(socket: WebSocket): void {
    alive.add(socket);
    socket.on('pong', () => alive.add(socket));
    const served = owner.serve(websocketChannel(socket), (guess) =>
      tokenMatches(guess, token) ? grant : null,
    );
    const tooLate = setTimeout(() => {
      if (!served.welcomed) served.close('no hello came');
    }, helloTimeoutMs);
    socket.once('close', () => clearTimeout(tooLate));
  }

  const heartbeat = setInterval(() => {
    for (const socket of sockets.clients) {
      if (!alive.delete(socket)) socket.terminate();
      else socket.ping();
    }
  }, heartbeatMs);
  heartbeat.unref();

  await listen(options.port, host);
  http.on('error', (error) => log(`control endpoint: ${error.message}`));
  const { port } = listening();

  /** The wanted port, or the next free one above it. */
  async function listen(wanted: number, at: string): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await new Promise((resolve, reject) => {
          http.once('error', reject);
          http.listen({ port: wanted === 0 ? 0 : wanted + attempt, host: at, exclusive: true }, () => {
            http.removeListener('error', reject);
            resolve();
          });
        });
      } catch (error) {
        const taken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
        if (taken && options.nextFree && attempt < portAttempts && wanted + attempt < 65_535) continue;
        clearInterval(heartbeat);
        throw error;
      }
    }
  }

  return {
    host,
    port,
    token,
    url: `http://${formatAddress({ host: browserHost(host), port })}/#token=${token}`,
    async close() {
      clearInterval(heartbeat);
      for (const socket of sockets.clients) socket.close(1001, 'Ballast stops');
      const closed = new Promise((resolve) => http.close(resolve));
      http.closeAllConnections();
      // A peer that does not answer the close frame must not hold up the stop.
      const cutOff = setTimeout(() => {
        for (const socket of sockets.clients) socket.terminate();
      }, 500);
      await closed;
      clearTimeout(cutOff);
    },
  };
}

const headers = {
  'content-security-policy': contentSecurityPolicy,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
} as const;

function plain(response: ServerResponse, status: number, text: string): void {
  response.statusCode = status;
  response.setHeader('content-type', 'text/plain; charset=utf-8');
  response.setHeader('cache-control', 'no-store');
  response.end(`${text}\n`);
}

/** Where a browser on this machine reaches an endpoint that listens on every address. */
function browserHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}
