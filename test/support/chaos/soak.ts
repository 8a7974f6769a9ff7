import { seededRandom } from '../random.ts';
import { type Asking, ask, bodyOf, digestOf, type Kind, kinds, type Seen } from './asking.ts';
import type { Outages } from './outages.ts';

/** What became of the requests of a soak, by kind of client. */
export interface SoakCounts {
  sent: number;
  whole: number;
  /** Ended by a server that was failing just then, in a way that the rules allow: it may have taken effect, or part of it had been passed on. */
  allowed: number;
}

export interface Soak {
  readonly counts: Readonly<Record<string, SoakCounts>>;
  /** What should not have happened, in words. */
  readonly problems: readonly string[];
  stop(): Promise<void>;
}

const kindOf = (name: string): Kind => kinds.find((each) => each.name === name)!;
/** As Ballast names it in the response. */
const serverOf = ({ fields }: Seen): string | undefined => fields.get('x-ballast-server');
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Longest that a WebSocket's echo may take on a busy machine. */
const echoWithinMs = 10_000;

/**
 * Every kind of client at once, over and over, each looking at everything it gets.
 *
 * @param outages when which server failed: only then may something be lost
 */
export function startSoak(port: number, seed: number, outages: Outages): Soak {
  const counts: Record<string, SoakCounts> = {};
  const problems: string[] = [];
  let running = true;
  let lastId = 0;
  const problem = (text: string): void => {
    if (problems.length < 20) problems.push(text);
  };

  /** Whole and right, or failed in a way that nobody could have helped, while its server did. */
  const look = (client: string, kind: Kind, id: string, size: number, seen: Seen, sentAt: number): void => {
    const count = counts[client]!;
    const body = bodyOf({ kind, id });
    const expected = ` ${id} ${body.length} ${digestOf(body)} `;
    if (seen.status === 200 && seen.complete) {
      const isRight =
        kind.method === 'HEAD' || (seen.body.slice(1).startsWith(expected) && seen.body.length >= size);
      if (isRight) count.whole += 1;
      else problem(`${client}: wrong body: ${seen.body.slice(0, 200)}`);
      return;
    }
    const isCut = seen.status === 200 && seen.end === 'reset' && size > 10_000;
    const mayHaveTakenEffect =
      seen.status === 502 && /not sent twice|too large to be sent again/.test(seen.body);
    const couldNotBeHelped = isCut || (mayHaveTakenEffect && (!kind.idempotent || kind.large));
    const server = isCut ? serverOf(seen) : undefined;
    const now = performance.now();
    if (couldNotBeHelped && outages.overlap(server, sentAt, now)) count.allowed += 1;
    else
      problem(
        `${client} (${kind.name}), ${Math.round(now - sentAt)} ms, ${couldNotBeHelped ? `while ${server ?? 'every server'} was well` : ''}: ${seen.status} ${seen.complete} ${seen.end} ${seen.body.slice(0, 600)}`,
      );
  };

  const client = async (
    name: string,
    number: number,
    act: (random: () => number, count: SoakCounts) => Promise<void>,
  ) => {
    counts[name] ??= { sent: 0, whole: 0, allowed: 0 };
    const random = seededRandom(seed * 1_000 + number);
    while (running) {
      try {
        await act(random, counts[name]);
      } catch (error) {
        problem(`${name}: ${String(error)}`);
      }
      await pause(random() * 20);
    }
  };

  /** A few requests on one connection. */
  const conversation =
    (name: string, kindNames: readonly string[], sizes: readonly number[], most: number, acts = '') =>
    async (random: () => number, count: SoakCounts): Promise<void> => {
      let asking: Asking | null = null;
      for (let left = 1 + Math.floor(random() * most); left > 0 && running; left--) {
        lastId += 1;
        const kind = kindOf(kindNames[Math.floor(random() * kindNames.length)]!);
        const responseBytes = sizes[Math.floor(random() * sizes.length)]!;
        const request = { kind, id: `k${lastId}`, acts, responseBytes };
        count.sent += 1;
        const sentAt = performance.now();
        const reuses: Asking | null = asking;
        asking = reuses ?? ask(port, request);
        const seen = await (reuses ? reuses.again(request) : asking.seen);
        look(name, kind, request.id, responseBytes, seen, sentAt);
        if (seen.end !== 'open' || seen.fields.get('connection')?.toLowerCase() === 'close') break;
      }
      asking?.socket.end();
      await asking?.closed();
    };

  const webSocket = async (random: () => number, count: SoakCounts): Promise<void> => {
    count.sent += 1;
    const sentAt = performance.now();
    const fields = 'Connection: Upgrade\r\nUpgrade: echo\r\n';
    const asking = ask(port, { kind: kindOf('GET'), id: `w${count.sent}`, acts: '', fields });
    const seen = await asking.seen;
    if (seen.status !== 101) problem(`WebSocket: ${seen.status} ${seen.end} ${seen.body.slice(0, 600)}`);
    let said = '';
    const isOpen = (): boolean => seen.status === 101 && !asking.socket.destroyed;
    for (let left = 10; left > 0 && isOpen(); left--) {
      const message = 'x'.repeat(1 + Math.floor(random() * 3_000));
      said += message;
      asking.socket.write(message);
      await pause(random() * 30);
    }
    const deadline = performance.now() + echoWithinMs;
    while (isOpen() && asking.received().length < said.length && performance.now() < deadline) await pause(5);
    const heard = asking.received();
    if (!said.startsWith(heard)) problem('WebSocket: another echo');
    if (seen.status === 101 && heard === said) count.whole += 1;
    else if (outages.overlap(serverOf(seen), sentAt, performance.now())) count.allowed += 1;
    else problem(`WebSocket: ${heard.length} of ${said.length} bytes came back, while its server was well`);
    asking.socket.end();
    await asking.closed();
  };

  const slowReader = async (random: () => number, count: SoakCounts): Promise<void> => {
    lastId += 1;
    count.sent += 1;
    const request = { kind: kindOf('GET'), id: `r${lastId}`, acts: '', responseBytes: 600_000 };
    const asking = ask(port, request);
    const timer = setInterval(() => {
      asking.socket.pause();
      setTimeout(() => asking.socket.resume(), 10);
    }, 15);
    const sentAt = performance.now();
    const seen = await asking.seen.finally(() => clearInterval(timer));
    look('slow reader', request.kind, request.id, request.responseBytes, seen, sentAt);
    await pause(random() * 10);
    asking.socket.destroy();
  };

  const leaver = async (random: () => number, count: SoakCounts): Promise<void> => {
    lastId += 1;
    count.sent += 1;
    const kind = kinds[Math.floor(random() * kinds.length)]!;
    const asking = ask(port, {
      kind,
      id: `l${lastId}`,
      acts: '',
      responseBytes: random() < 0.5 ? 100 : 900_000,
    });
    asking.seen.catch(() => {});
    await pause(random() * 15);
    if (random() < 0.5) asking.socket.resetAndDestroy();
    else asking.socket.destroy();
    count.allowed += 1;
  };

  const small = [0, 100, 3_000];
  const casts = [
    ...Array.from(
      { length: 8 },
      () => ['getter', conversation('getter', ['GET', 'HEAD'], small, 40)] as const,
    ),
    ...Array.from(
      { length: 4 },
      () => ['newcomer', conversation('newcomer', ['GET', 'PUT small'], small, 1)] as const,
    ),
    ...Array.from(
      { length: 3 },
      () =>
        ['poster', conversation('poster', ['POST small', 'POST chunked', 'PUT chunked'], small, 20)] as const,
    ),
    ...Array.from(
      { length: 2 },
      () => ['uploader', conversation('uploader', ['PUT large', 'POST large'], small, 5)] as const,
    ),
    ...Array.from(
      { length: 2 },
      () => ['downloader', conversation('downloader', ['GET'], [1_500_000], 4)] as const,
    ),
    [
      'chunked downloader',
      conversation('chunked downloader', ['GET'], [800_000], 3, '*=ok/chunked'),
    ] as const,
    ['drip reader', conversation('drip reader', ['GET'], [20_000], 3, '*=drip/chunked')] as const,
    ...Array.from({ length: 2 }, () => ['WebSocket', webSocket] as const),
    ...Array.from({ length: 2 }, () => ['slow reader', slowReader] as const),
    ...Array.from({ length: 3 }, () => ['leaver', leaver] as const),
  ];
  const clients = casts.map(([name, act], number) => client(name, number, act));
  return {
    counts,
    problems,
    async stop() {
      running = false;
      await Promise.all(clients);
    },
  };
}
