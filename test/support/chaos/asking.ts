import { createHash } from 'node:crypto';
import { connect, type Socket } from 'node:net';

/** A kind of request, by what decides over its fate: whether it may be repeated, and whether its body is kept for that. */
export interface Kind {
  readonly name: string;
  readonly method: string;
  /** Bytes of the body; 0 for none. */
  readonly bodyBytes: number;
  readonly chunked: boolean;
  readonly idempotent: boolean;
  /** Larger than what is ever kept for a repeat. */
  readonly large: boolean;
}

const kind = (name: string, bodyBytes: number, chunked = false): Kind => {
  const [method = ''] = name.split(' ');
  return { name, method, bodyBytes, chunked, idempotent: method !== 'POST', large: bodyBytes > 65_536 };
};

export const kinds: readonly Kind[] = [
  kind('GET', 0),
  kind('HEAD', 0),
  kind('PUT small', 3_000),
  kind('PUT large', 400_000),
  kind('PUT chunked', 5_000, true),
  kind('POST small', 3_000),
  kind('POST large', 400_000),
  kind('POST chunked', 5_000, true),
];

/** What a client saw of one request. */
export interface Seen {
  /** Statuses of interim responses. */
  readonly interim: readonly number[];
  /** 0 where there was no response. */
  readonly status: number;
  /** Names in lower case. */
  readonly fields: ReadonlyMap<string, string>;
  /** Without framing. */
  readonly body: string;
  /** The response is whole by its own framing. */
  readonly complete: boolean;
  /** How the connection stood when the response was whole, or how it ended before. */
  readonly end: 'open' | 'closed' | 'reset';
}

export interface Asking {
  /** Resolves when the response is whole, or the connection has ended. */
  readonly seen: Promise<Seen>;
  readonly socket: Socket;
  /** Bytes received so far, as they came. */
  received(): string;
  /** The connection is closed on both sides. */
  closed(): Promise<void>;
  /** Sends another request on the same connection, once `seen` is there. */
  again(request: Request): Promise<Seen>;
}

export interface Request {
  readonly kind: Kind;
  /** Unique: servers write it down. */
  readonly id: string;
  /** What servers are to do: `a=rst@head, b=ok`. */
  readonly acts: string;
  /** Bytes of the response's body that are asked for. */
  readonly responseBytes?: number;
  readonly fields?: string;
  /** Sends only so much of the body; it is up to the caller what becomes of it. */
  readonly bodyBytesSent?: number;
  /** Sends only so much of the head. */
  readonly headBytesSent?: number;
}

const withinMs = 25_000;

/** The body of a request: bytes that differ from request to request. */
export function bodyOf({ kind: { bodyBytes }, id }: Pick<Request, 'kind' | 'id'>): Buffer {
  return Buffer.from(`${id}/`.repeat(Math.ceil(bodyBytes / (id.length + 1))).slice(0, bodyBytes), 'latin1');
}

export function digestOf(body: Buffer): string {
  return createHash('sha1').update(body).digest('hex');
}

function bytesOf(request: Request): Buffer {
  const { kind: asked, id, acts, responseBytes = 100, fields = '' } = request;
  const framing = asked.chunked
    ? 'Transfer-Encoding: chunked\r\n'
    : asked.bodyBytes > 0
      ? `Content-Length: ${asked.bodyBytes}\r\n`
      : '';
  const head = Buffer.from(
    `${asked.method} /${id} HTTP/1.1\r\nHost: chaos.test\r\nX-Id: ${id}\r\nX-Act: ${acts}\r\nX-Size: ${responseBytes}\r\n${fields}${framing}\r\n`,
  );
  if (request.headBytesSent !== undefined) return head.subarray(0, request.headBytesSent);
  const body = bodyOf(request);
  const sent = body.subarray(0, request.bodyBytesSent ?? body.length);
  if (!asked.chunked) return Buffer.concat([head, sent]);
  const step = Math.ceil(body.length / 3);
  const chunks: Buffer[] = [];
  for (let at = 0; at < sent.length; at += step) {
    const part = sent.subarray(at, at + step);
    chunks.push(Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n'));
  }
  const last = Buffer.from(sent.length === body.length ? '0\r\n\r\n' : '');
  return Buffer.concat([head, ...chunks, last]);
}

/** Sends a request by hand on a connection of its own, and tells exactly what came back. */
export function ask(port: number, request: Request): Asking {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true });
  let text = '';
  let resetCode: string | null = null;
  let ended = false;
  let look: () => void = () => {};
  socket.setEncoding('latin1');
  socket.on('data', (bytes) => {
    text += bytes;
    look();
  });
  socket.on('end', () => {
    // libuv tells a reset that comes together with the last bytes as an end; but then there is no other side any more.
    if (socket.remoteAddress === undefined && !socket.writableEnded) resetCode = 'ECONNRESET';
    ended = true;
    look();
    socket.end();
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    resetCode = error.code ?? 'error';
  });
  const closing = new Promise<void>((resolve) =>
    socket.once('close', () => {
      ended = true;
      look();
      resolve();
    }),
  );
  const await_ = (asked: Request): Promise<Seen> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(
          new Error(
            `${asked.id} (${asked.kind.name}, ${asked.acts}): nothing for ${withinMs} ms after ${JSON.stringify(text.slice(0, 500))}`,
          ),
        );
        socket.destroy();
      }, withinMs);
      look = () => {
        const parsed = parse(text, asked.kind.method === 'HEAD', ended && resetCode === null);
        if (!parsed.complete && !ended) return;
        clearTimeout(timer);
        look = () => {};
        text = text.slice(parsed.used);
        resolve({ ...parsed, end: resetCode !== null ? 'reset' : ended ? 'closed' : 'open' });
      };
      look();
    });
  socket.write(bytesOf(request));
  return {
    seen: await_(request),
    socket,
    received: () => text,
    closed: () => closing,
    again(next) {
      socket.write(bytesOf(next));
      return await_(next);
    },
  };
}

interface Parsed extends Omit<Seen, 'end'> {
  readonly used: number;
}

/** Reads a response as strictly as a test needs; independent of the engine's own parsers. */
function parse(text: string, isHead: boolean, ended: boolean): Parsed {
  const interim: number[] = [];
  let at = 0;
  for (;;) {
    const headEnd = text.indexOf('\r\n\r\n', at);
    const nothing = {
      interim,
      status: 0,
      fields: new Map<string, string>(),
      body: '',
      complete: false,
      used: at,
    };
    if (headEnd < 0) return nothing;
    const [line = '', ...lines] = text.slice(at, headEnd).split('\r\n');
    const status = Number(/^HTTP\/1\.1 (\d\d\d) /.exec(line)?.[1] ?? Number.NaN);
    if (Number.isNaN(status)) throw new Error(`no status line: ${line}`);
    const fields = new Map(
      lines.map((each): [string, string] => {
        const colon = each.indexOf(':');
        return [each.slice(0, colon).toLowerCase(), each.slice(colon + 1).trim()];
      }),
    );
    const start = headEnd + 4;
    if (status < 200 && status !== 101) {
      interim.push(status);
      at = start;
      continue;
    }
    const head = { interim, status, fields };
    if (isHead || status === 204 || status === 304 || status === 101)
      return { ...head, body: '', complete: true, used: start };
    if (fields.get('transfer-encoding') === 'chunked') return { ...head, ...dechunk(text, start) };
    const length = fields.get('content-length');
    if (length === undefined) return { ...head, body: text.slice(start), complete: ended, used: text.length };
    const end = start + Number(length);
    return {
      ...head,
      body: text.slice(start, end),
      complete: text.length >= end,
      used: Math.min(end, text.length),
    };
  }
}

function dechunk(text: string, from: number): { body: string; complete: boolean; used: number } {
  let body = '';
  let at = from;
  for (;;) {
    const lineEnd = text.indexOf('\r\n', at);
    if (lineEnd < 0) return { body, complete: false, used: text.length };
    const size = Number.parseInt(text.slice(at, lineEnd), 16);
    const start = lineEnd + 2;
    if (size === 0) {
      const complete = text.startsWith('\r\n', start);
      return { body, complete, used: complete ? start + 2 : text.length };
    }
    body += text.slice(start, start + size);
    at = start + size + 2;
    if (text.length < at) return { body, complete: false, used: text.length };
  }
}
