import { connect, type Socket } from 'node:net';

/** What a load of GETs amounts to. */
export interface LoadResult {
  readonly answered: number;
  /** Answers by what they name as their server. */
  readonly byServer: Readonly<Record<string, number>>;
  /** Answers that took more than one attempt. */
  readonly retried: number;
  /** Everything other than a whole 200 with the right body, in words; the first hundred. */
  readonly failures: readonly string[];
  readonly failed: number;
  /** The longest a client waited for an answer. */
  readonly slowestMs: number;
}

export interface GetLoad {
  readonly answered: number;
  stop(): Promise<LoadResult>;
}

const failuresTold = 100;
const answerWithinMs = 20_000;

/**
 * Kept-alive connections that each send their next GET when the last is answered, over raw sockets: a broken connection, a
 * wrong byte, a status other than 200 are failures. A client whose connection broke comes back with a new one.
 *
 * @param fields further request fields, whole lines; `cookies`: each client keeps the cookie it is given
 */
export function startGetLoad(
  port: number,
  connections: number,
  { fields = '', cookies = false }: { fields?: string; cookies?: boolean } = {},
): GetLoad {
  let running = true;
  let answered = 0;
  let retried = 0;
  let failed = 0;
  let slowestMs = 0;
  const failures: string[] = [];
  const byServer: Record<string, number> = {};

  const fail = (text: string): void => {
    failed += 1;
    if (failures.length < failuresTold) failures.push(text);
  };

  const runClient = (index: number): Promise<void> =>
    new Promise((finished) => {
      let cookie = '';
      let socket: Socket;
      let sentAt = 0;
      let text = '';
      const watch = setInterval(() => {
        if (sentAt > 0 && performance.now() - sentAt > answerWithinMs)
          socket.destroy(new Error(`no answer in ${answerWithinMs} ms`));
      }, 1_000);
      const end = (): void => {
        clearInterval(watch);
        socket.destroy();
        finished();
      };
      const send = (): void => {
        if (!running) {
          end();
          return;
        }
        sentAt = performance.now();
        socket.write(
          `GET /${index} HTTP/1.1\r\nHost: load.test\r\nX-Id: c${index}\r\n${cookie}${fields}\r\n`,
        );
      };
      const open = (): void => {
        text = '';
        let broken: string | null = null;
        socket = connect({ host: '127.0.0.1', port, noDelay: true }, send);
        socket.setEncoding('latin1');
        socket.on('data', (bytes) => {
          text += bytes;
          const headEnd = text.indexOf('\r\n\r\n');
          if (headEnd < 0) return;
          const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? Number.NaN);
          if (Number.isNaN(length)) {
            socket.destroy(new Error(`no length: ${text.slice(0, 200)}`));
            return;
          }
          if (text.length < headEnd + 4 + length) return;
          if (text.length > headEnd + 4 + length) {
            socket.destroy(new Error(`more than was promised: ${text.slice(0, 400)}`));
            return;
          }
          const [server = '', id] = text.slice(headEnd + 4).split(' ');
          slowestMs = Math.max(slowestMs, performance.now() - sentAt);
          sentAt = 0;
          if (!text.startsWith('HTTP/1.1 200 ')) fail(text);
          else if (id !== `c${index}`) fail(`an answer for ${id} came to c${index}`);
          else {
            answered += 1;
            byServer[server] = (byServer[server] ?? 0) + 1;
            if (!text.includes('x-ballast-attempts: 1\r\n')) retried += 1;
          }
          const given = cookies && /set-cookie: ([^;\r]+)/i.exec(text)?.[1];
          if (given) cookie = `Cookie: ${given}\r\n`;
          const closes = /\r\nconnection: close\r\n/i.test(text);
          text = '';
          if (closes) socket.end();
          else send();
        });
        socket.on('error', (error) => {
          broken = error.message;
        });
        socket.on('close', () => {
          if (sentAt > 0)
            fail(`the connection broke: ${broken ?? 'closed'}; ${JSON.stringify(text.slice(0, 300))}`);
          sentAt = 0;
          if (!running) {
            end();
            return;
          }
          // Not at once: when Ballast itself is gone, this would turn for ever.
          setTimeout(() => (running ? open() : end()), 5);
        });
      };
      open();
    });

  const clients = Array.from({ length: connections }, (_, index) => runClient(index));
  return {
    get answered() {
      return answered;
    },
    async stop() {
      running = false;
      await Promise.all(clients);
      return { answered, byServer, retried, failures, failed, slowestMs };
    },
  };
}
