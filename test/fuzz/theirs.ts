import { type ClientRequest, createServer, type IncomingMessage, request, type Server } from 'node:http';
import { Duplex } from 'node:stream';
import type { Message, Reading, Side } from './message.ts';

/** Room for every head of the corpus: what is compared is meaning, not limits. */
const maxHeaderSize = 1_048_576;

interface Draft {
  start: string;
  fields: string[];
  body: string;
  message: IncomingMessage;
  complete: boolean;
}

/** A connection in memory whose other end is the fuzzer. */
class Wire extends Duplex {
  readonly drafts: Draft[] = [];
  refused: string | null = null;

  override _read(): void {}
  override _write(_bytes: Buffer, _encoding: string, done: () => void): void {
    done();
  }
  setTimeout(): this {
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }

  note(start: string, message: IncomingMessage): Draft {
    const draft: Draft = { start, fields: pairs(message.rawHeaders), body: '', message, complete: false };
    this.drafts.push(draft);
    message.on('data', (bytes: Buffer) => {
      draft.body += bytes.toString('latin1');
    });
    message.on('end', () => {
      draft.complete = message.complete;
    });
    message.on('error', () => {});
    return draft;
  }

  reading(closes: boolean): Reading {
    const messages = this.drafts.map(
      ({ start, fields, body, message, complete }): Message => ({
        start,
        fields,
        body,
        trailers: complete ? pairs(message.rawTrailers) : [],
        complete,
      }),
    );
    return { messages, refused: this.refused, closes, pending: '' };
  }
}

function pairs(raw: readonly string[]): string[] {
  const fields: string[] = [];
  for (let i = 0; i < raw.length; i += 2)
    fields.push(`${raw[i]!.toLowerCase()}: ${raw[i + 1]!.replace(/^[ \t]+|[ \t]+$/g, '')}`);
  return fields;
}

let server: Server | undefined;

/** Node's server, that never answers: what it reads is all that matters. */
function readingServer(): Server {
  if (server) return server;
  server = createServer({
    insecureHTTPParser: false,
    requireHostHeader: false,
    maxHeaderSize,
    connectionsCheckingInterval: 2_147_483_647,
  });
  server.maxHeadersCount = 0;
  server.headersTimeout = 0;
  server.requestTimeout = 0;
  server.timeout = 0;
  const take = (message: IncomingMessage): void => {
    const wire = message.socket as unknown as Wire;
    wire.note(`${message.method} ${message.url} ${message.httpVersion}`, message);
  };
  // Every way in which Node tells of a request.
  for (const event of ['request', 'checkContinue', 'checkExpectation'] as const) server.on(event, take);
  server.on('connect', (message: IncomingMessage) => {
    (message.socket as unknown as Wire).refused = 'CONNECT';
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    (socket as unknown as Wire).refused = error.code ?? error.message;
  });
  return server;
}

/** Reads a stream with Node's own parser (llhttp, strict), fed in one piece. */
export async function readTheirs(bytes: Buffer, side: Side, toHead = false): Promise<Reading> {
  const wire = new Wire();
  let asked: ClientRequest | undefined;
  if (side === 'request') readingServer().emit('connection', wire);
  else asked = ask(wire, toHead);
  await turns(side === 'request' ? 0 : 1);
  wire.push(bytes);
  await turns(2);
  const closes = wire.refused === 'HPE_CLOSED_CONNECTION';
  if (closes) wire.refused = null;
  const last = wire.drafts.at(-1);
  // What follows an answer is nobody's, whatever it is.
  const answered = side === 'response' && last?.complete === true && !last.start.startsWith('1');
  if (answered) wire.refused = null;
  const reading = wire.reading(closes || answered);
  asked?.destroy();
  wire.destroy();
  return reading;
}

function ask(wire: Wire, toHead: boolean): ClientRequest {
  const asked = request({
    method: toHead ? 'HEAD' : 'GET',
    host: 'a',
    insecureHTTPParser: false,
    maxHeaderSize,
    createConnection: () => wire as never,
  });
  asked.maxHeadersCount = 0;
  asked.on('information', ({ statusCode, httpVersion, rawHeaders }) => {
    wire.drafts.push({
      start: `${statusCode} ${httpVersion}`,
      fields: pairs(rawHeaders),
      body: '',
      message: { rawTrailers: [] } as unknown as IncomingMessage,
      complete: true,
    });
  });
  asked.on('response', (message) => wire.note(`${message.statusCode} ${message.httpVersion}`, message));
  asked.on('upgrade', () => {
    wire.refused = 'upgrade';
  });
  asked.on('error', (error: NodeJS.ErrnoException) => {
    wire.refused ??= error.code ?? error.message;
  });
  asked.end();
  return asked;
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}
