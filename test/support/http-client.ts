import { Agent, request } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** One GET. Rejects where the connection breaks. */
export function fetchText(
  url: string,
  options: { headers?: Record<string, string>; agent?: Agent } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      { headers: options.headers ?? {}, agent: options.agent ?? false },
      (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (text: string) => {
          body += text;
        });
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, body, headers: response.headers }),
        );
        response.on('error', reject);
      },
    );
    sent.on('error', reject);
    sent.end();
  });
}

export interface Load {
  readonly sent: number;
  /** Requests that ended neither in 2xx nor whole, in words. */
  readonly failures: readonly string[];
  /** Answers by body. */
  readonly answers: Readonly<Record<string, number>>;
  stop(): Promise<void>;
}

const mostFailures = 1_000;

/** Kept-alive connections, each sending its next GET when the last is answered. */
export function startLoad(url: string, connections: number): Load {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const failures: string[] = [];
  const answers: Record<string, number> = {};
  let sent = 0;
  let running = true;
  /** A load that nothing answers any more would otherwise turn for ever, when the test that began it has failed. */
  const fail = (text: string): void => {
    if (failures.push(text) >= mostFailures) running = false;
  };
  const client = async (): Promise<void> => {
    while (running) {
      sent += 1;
      try {
        const { status, body } = await fetchText(url, { agent });
        if (status >= 200 && status < 300) answers[body] = (answers[body] ?? 0) + 1;
        else fail(`${status} ${body}`);
      } catch (error) {
        fail(String(error));
      }
    }
  };
  const clients = Array.from({ length: connections }, client);
  return {
    get sent() {
      return sent;
    },
    failures,
    answers,
    async stop() {
      running = false;
      await Promise.all(clients);
      agent.destroy();
    },
  };
}
