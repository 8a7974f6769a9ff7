/**
 * An HTTP/1.1 server in a process of its own that does to each request what the request says. It speaks on raw sockets, so
 * that it can break every rule, and writes down what it received before it does so: the log is a file, one JSON object per
 * line, and outlives the process.
 *
 * Started with one argument, JSON: `{ name, port, log, onAccept }`. Says `{ port }` over IPC when it listens.
 *
 * A request says what is to be done in `x-act`, by server: `a=rst@head, b=ok`. An act is `what@when`, and may add `/framing`
 * (`length`, `chunked`, `close`: how the response is framed). See `whens` and `whats`.
 */
import { createHash } from 'node:crypto';
import { openSync, writeSync } from 'node:fs';
import { createServer } from 'node:net';

const { name, port = 0, log = null, onAccept = null, backlog = 511 } = JSON.parse(process.argv[2] ?? '{}');
const logFile = log === null ? null : openSync(log, 'a');

/** When an act happens; the request is read as far as the word says. */
const whens = [
  'head', // the head is here, nothing of the body has been looked at
  'half-request', // some of the body, not all; never for a request without a body
  'request', // all of it
  'half-head', // the beginning of the response's head is written
  'response-head', // the head, nothing of the body
  'half-response', // half of the body
  'response', // everything
  'idle', // everything, and a moment has passed
];

const whats = {
  kill: () => process.kill(process.pid, 'SIGKILL'),
  stop: () => process.kill(process.pid, 'SIGSTOP'),
  rst: (socket) => socket.resetAndDestroy(),
  fin: (socket) => socket.end(),
  close: (socket) => socket.destroy(),
  silent: () => {},
};

/** Responses that are wrong in themselves. Written once the request is read. */
const wrongResponses = {
  'another-protocol': 'SSH-2.0-OpenSSH_9.2\r\n',
  'nothing-but-line-ends': '\r\n\r\n\r\n\r\n',
  'two-framings': 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n',
  'unwanted-switch': 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n',
  'bad-first-chunk': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense',
  'endless-head': `HTTP/1.1 200 OK\r\nX: ${'y'.repeat(40_000)}`,
  'bad-field': 'HTTP/1.1 200 OK\r\nContent-Length : 3\r\n\r\nabc',
};

/** Responses that come before the request's body is read, whatever it is. */
const earlyStatuses = { 'early-200': '200 OK', 'early-413': '413 Content Too Large' };

function note(entry) {
  if (logFile !== null) writeSync(logFile, `${JSON.stringify(entry)}\n`);
}

let connections = 0;
/** Every request is answered by a reset, wherever it stands. */
let resets = false;
process.on('SIGUSR2', () => {
  resets = !resets;
});

const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
  const connection = connections++;
  socket.on('error', () => {});
  if (onAccept !== null) {
    note({ connection, accepted: true });
    if (onAccept !== 'silent') {
      whats[onAccept](socket);
      return;
    }
    socket.on('data', () => {});
    socket.on('end', () => socket.end());
    return;
  }
  let held = Buffer.alloc(0);
  /** The request that is being read or answered. */
  let request = null;
  let upgraded = false;
  socket.on('end', () => {
    if (request) tell(request, 'client-ended');
    socket.end();
  });
  socket.on('close', () => {
    if (request) tell(request, 'closed');
    request = null;
  });
  socket.on('data', (bytes) => {
    if (resets) {
      socket.resetAndDestroy();
      return;
    }
    if (upgraded) {
      socket.write(bytes);
      return;
    }
    held = held.length === 0 ? bytes : Buffer.concat([held, bytes]);
    pump();
  });

  function pump() {
    for (;;) {
      // What still comes is nobody's any more.
      if (request?.over) held = Buffer.alloc(0);
      if (held.length === 0 && !request?.complete) return;
      if (upgraded || request?.busy || request?.over) return;
      if (request === null) {
        const end = held.indexOf('\r\n\r\n');
        if (end < 0) return;
        request = readHead(held.toString('latin1', 0, end), connection);
        held = held.subarray(end + 4);
        if (at(request, 'head')) continue;
        if (request.act in earlyStatuses) {
          const status = earlyStatuses[request.act];
          tell(request, 'early');
          respond(socket, request, status);
          const then = request.when;
          if (then === 'rst') socket.resetAndDestroy();
          else if (then === 'fin') socket.end();
          request.answered = true;
        }
      }
      if (request.when === 'half-request' && held.length > 0) {
        const some = Math.min(held.length, Math.max(1, Math.floor(request.remaining / 2)));
        held = held.subarray(readBody(request, held.subarray(0, some)));
        if (at(request, 'half-request')) continue;
      }
      const took = readBody(request, held);
      held = held.subarray(took);
      if (!request.complete) return;
      if (request.answered) {
        tell(request, 'whole');
        request = null;
        continue;
      }
      tell(request, 'whole');
      if (at(request, 'request')) continue;
      const answered = request;
      if (answered.upgrade) {
        upgraded = true;
        socket.write(
          'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n',
          'latin1',
        );
        if (held.length > 0) socket.write(held);
        request = null;
        return;
      }
      answer(answered);
      if (!answered.over && !answered.busy) request = null;
    }
  }

  /** The answer to the request that was under way is complete. */
  function done() {
    request = null;
    pump();
  }

  /** Performs the act, if this is when. True: nothing further is to be done with this connection. */
  function at(asked, when) {
    if (asked.when !== when || !(asked.act in whats)) return false;
    tell(asked, when);
    whats[asked.act](socket);
    // A stopped process that goes on again goes on where it was.
    if (asked.act !== 'stop') asked.over = true;
    return asked.over;
  }

  function answer(asked) {
    const { act } = asked;
    if (act in wrongResponses) {
      asked.over = true;
      socket.write(wrongResponses[act], 'latin1');
      if (asked.when === 'fin') socket.end();
      return;
    }
    if (act === 'drip') {
      asked.busy = true;
      drip(socket, asked, () => {
        if (asked.framing === 'close') socket.end();
        done();
      });
      return;
    }
    if (act === 'delay') {
      asked.busy = true;
      setTimeout(() => {
        respond(socket, asked, '200 OK');
        done();
      }, Number(asked.when));
      return;
    }
    if (act === 'early-hints') socket.write('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n', 'latin1');
    const { head, body } = responseOf(asked, /^\d\d\d$/.test(act) ? `${act} Said So` : '200 OK');
    const bytes = asked.method === 'HEAD' ? Buffer.alloc(0) : body;
    const whole = Buffer.concat([Buffer.from(head, 'latin1'), bytes]);
    if (act === 'short' || act === 'bad-chunk') {
      asked.over = true;
      if (act === 'short') socket.end(whole.subarray(0, head.length + bytes.length / 2));
      else socket.write(`${head}3\r\nabcXX7\r\n`, 'latin1');
      return;
    }
    const parts = {
      'half-head': head.length / 2,
      'response-head': head.length,
      'half-response': head.length + bytes.length / 2,
    };
    if (asked.when in parts) {
      const part = Math.floor(parts[asked.when]);
      asked.busy = true;
      socket.write(whole.subarray(0, part), () => {
        if (at(asked, asked.when)) return;
        // A process that was stopped there ends its response when it goes on.
        socket.write(whole.subarray(part));
        done();
      });
      return;
    }
    socket.write(whole);
    if (act === 'long') socket.write('more than was promised');
    if (asked.when === 'response') at(asked, 'response');
    else if (asked.when === 'idle') setTimeout(() => at(asked, 'idle'), 30);
    if (asked.framing === 'close') socket.end();
  }
});

/** What has come of a request so far, and why it is told. */
function tell(request, why) {
  note({
    connection: request.connection,
    id: request.id,
    method: request.method,
    bodyBytes: request.bodyBytes,
    complete: request.complete,
    digest: request.complete ? request.hash.copy().digest('hex') : null,
    why,
  });
}

function readHead(text, connection) {
  const lines = text.split('\r\n');
  const [method = '', target = ''] = lines[0].split(' ');
  const fields = new Map(
    lines.slice(1).map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const mine = (fields.get('x-act') ?? '')
    .split(',')
    .map((each) => each.trim().split('='))
    .find(([who]) => who === name || who === '*');
  const [, act = 'ok', when = '', framing = 'length'] =
    /^([^@/]+)(?:@([^/]+))?(?:\/(.+))?$/.exec(mine?.[1] ?? 'ok') ?? [];
  const chunked = (fields.get('transfer-encoding') ?? '').toLowerCase() === 'chunked';
  const length = Number(fields.get('content-length') ?? 0);
  return {
    connection,
    method,
    target,
    id: fields.get('x-id') ?? '',
    size: Number(fields.get('x-size') ?? 100),
    upgrade: fields.has('upgrade'),
    act,
    when,
    framing,
    chunked,
    remaining: length,
    /** Of the chunk that is being read, with its line end; -1 between two. */
    chunkLeft: -1,
    bodyBytes: 0,
    complete: !chunked && length === 0,
    /** Its answer is on its way, and takes time. */
    busy: false,
    /** Done with, together with its connection. */
    over: false,
    /** Before it was read. */
    answered: false,
    hash: createHash('sha1'),
  };
}

/** Takes what belongs to the body; returns how many bytes that was. */
function readBody(request, bytes) {
  if (request.complete) return 0;
  if (!request.chunked) {
    const part = bytes.subarray(0, request.remaining);
    request.remaining -= part.length;
    request.bodyBytes += part.length;
    request.hash.update(part);
    request.complete = request.remaining === 0;
    return part.length;
  }
  let at = 0;
  while (at < bytes.length) {
    if (request.chunkLeft < 0) {
      const end = bytes.indexOf('\r\n', at);
      if (end < 0) return at;
      const size = Number.parseInt(bytes.toString('latin1', at, end), 16);
      if (size === 0) {
        if (bytes.length < end + 4) return at;
        request.complete = true;
        return end + 4;
      }
      request.chunkLeft = size + 2;
      at = end + 2;
    }
    const part = bytes.subarray(at, at + request.chunkLeft);
    const data = part.subarray(0, Math.max(0, request.chunkLeft - 2));
    request.hash.update(data);
    request.bodyBytes += data.length;
    request.chunkLeft -= part.length;
    at += part.length;
    if (request.chunkLeft === 0) request.chunkLeft = -1;
  }
  return at;
}

/** The body names server, request and what was received; the rest is filler of the size asked for. */
function responseOf(request, status) {
  const digest = request.complete ? request.hash.copy().digest('hex') : 'incomplete';
  const text = `${name} ${request.id} ${request.bodyBytes} ${digest} `;
  const payload = Buffer.from(text.padEnd(request.size, '.'), 'latin1');
  const fields = `X-From: ${name}\r\n${request.method === 'HEAD' ? `X-Received: ${request.bodyBytes}\r\n` : ''}`;
  if (request.framing === 'chunked') {
    const half = Math.floor(payload.length / 2);
    const chunks = [payload.subarray(0, half), payload.subarray(half)]
      .filter((each) => each.length > 0)
      .map((each) =>
        Buffer.concat([Buffer.from(`${each.length.toString(16)}\r\n`), each, Buffer.from('\r\n')]),
      );
    return {
      head: `HTTP/1.1 ${status}\r\n${fields}Transfer-Encoding: chunked\r\n\r\n`,
      body: Buffer.concat([...chunks, Buffer.from('0\r\n\r\n')]),
    };
  }
  if (request.framing === 'close')
    return { head: `HTTP/1.1 ${status}\r\n${fields}Connection: close\r\n\r\n`, body: payload };
  return { head: `HTTP/1.1 ${status}\r\n${fields}Content-Length: ${payload.length}\r\n\r\n`, body: payload };
}

function respond(socket, request, status) {
  const { head, body } = responseOf(request, status);
  socket.write(head, 'latin1');
  if (request.method !== 'HEAD') socket.write(body);
}

/** A response in small pieces, a few milliseconds apart. */
function drip(socket, request, done) {
  const { head, body } = responseOf(request, '200 OK');
  const whole = Buffer.concat([
    Buffer.from(head, 'latin1'),
    request.method === 'HEAD' ? Buffer.alloc(0) : body,
  ]);
  const step = Math.max(1, Math.ceil(whole.length / 12));
  let at = 0;
  const next = () => {
    if (socket.destroyed) return;
    socket.write(whole.subarray(at, at + step));
    at += step;
    if (at < whole.length) setTimeout(next, Number(request.when || 5));
    else done();
  };
  next();
}

if (process.argv[2] !== undefined) {
  server.listen({ port, host: '127.0.0.1', backlog }, () => process.send?.({ port: server.address().port }));
  process.on('disconnect', () => process.exit(0));
}

export { whats, whens };
