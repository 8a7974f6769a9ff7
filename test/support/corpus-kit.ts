import { connect, createServer, type Server, type Socket } from 'node:net';
import { systemClock } from '../../main/engine/clock.ts';
import type { ReadPath } from '../../main/engine/sockets/lane-socket.ts';
import { type Case, corpusEpochMs, type Step } from '../corpus/case.ts';
import { type Lane, startLane } from './lane.ts';
import { readFromClients, readFromServers } from './read-progress.ts';
import { patienceMs } from './until.ts';

/** How the bytes of one write are cut into several, each of which the lane has read before the next is sent. */
export type Cut = (bytes: string) => readonly string[];

/** One end of a conversation with the lane: what it has got, and whether the other side has ended. */
class End {
  text = '';
  ended = false;
  /** Node's code of the error that closed it; null for none. */
  code: string | null = null;
  #look: (() => void) | null = null;

  got(text: string): void {
    this.text += text;
    this.#look?.();
  }

  over(): void {
    this.ended = true;
    this.#look?.();
  }

  /** Resolves as soon as it holds; looks again whenever something comes. */
  when(what: string, holds: () => boolean): Promise<void> | undefined {
    if (holds()) return undefined;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#look = null;
        reject(new Error(`waited in vain for ${what}; got ${JSON.stringify(this.text.slice(-2_000))}`));
      }, patienceMs);
      this.#look = () => {
        if (!holds()) return;
        clearTimeout(timer);
        this.#look = null;
        resolve();
      };
    });
  }
}

/** A listener in front of a server that records, both driven by the steps of cases, one case at a time. */
export class CorpusKit {
  readonly #server: Server;
  readonly #lane: Lane;
  readonly #listenerAddress: string;
  readonly #serverAddress: string;
  readonly #open = new Set<Socket>();
  #atServer = new End();
  /** The connection that the lane used last. */
  #serverSocket: Socket | undefined;
  #served = new Set<Socket>();
  #client: Socket | undefined;
  #atClient = new End();

  static async start(readPath: ReadPath, trusts: boolean): Promise<CorpusKit> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const lane = await startLane({
      ports: [address.port],
      readPath,
      responseFields: false,
      listener: { trustForwarded: trusts, limits: { idleTimeout: '5m', headTimeout: '5m' } },
      pool: { timeouts: { idle: '5m' } },
      clock: { ...systemClock, epoch: () => corpusEpochMs },
      requestNumber: 1,
    });
    return new CorpusKit(server, lane, address.port);
  }

  private constructor(server: Server, lane: Lane, serverPort: number) {
    this.#server = server;
    this.#lane = lane;
    this.#listenerAddress = `127.0.0.1:${lane.port}`;
    this.#serverAddress = `127.0.0.1:${serverPort}`;
    server.on('connection', (socket) => this.#serve(socket));
  }

  async stop(): Promise<void> {
    this.#client?.destroy();
    await this.#lane.stop();
    for (const socket of this.#open) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Plays the case. Throws where anything arrives that should not, or fails to. */
  async play(each: Case, cut: Cut): Promise<void> {
    try {
      await this.#play(each, cut);
    } catch (error) {
      // The next case must not suffer for it.
      await this.#leave();
      throw error;
    }
  }

  async #play(each: Case, cut: Cut): Promise<void> {
    await this.#begin();
    let atClient = '';
    let atServer = '';
    for (const step of each.steps) {
      await this.#send(step, cut);
      atServer += step.atServer ?? '';
      atClient += step.atClient ?? '';
      if (each.serverAfter !== 'any' || step.atServer) await arrives('server', this.#atServer, atServer);
      await this.#arrivesAtClient(each, atClient);
    }
    await this.#checkEnds(each);
    // Whatever came after the last step's bytes shows here.
    if (each.serverAfter !== 'any') compare('server', this.#atServer.text, atServer);
    const { text, code } = this.#atClient;
    if (each.clientAfter === 'stays-or-reset' && code === 'ECONNRESET')
      compare('client', text.slice(0, 13), 'HTTP/1.1 200 ');
    else compare('client', each.clientAfter === 'reset' ? text.slice(0, atClient.length) : text, atClient);
  }

  #arrivesAtClient(each: Case, expected: string): Promise<void> | undefined {
    const end = this.#atClient;
    if (each.clientAfter !== 'stays-or-reset') return arrives('client', end, expected);
    return end.when(
      expected,
      () => end.ended || (pattern(expected)?.test(end.text) ?? end.text === expected),
    );
  }

  /** How many connections to the server the last case used. */
  get connectionsUsed(): number {
    return this.#served.size;
  }

  async #begin(): Promise<void> {
    this.#atServer = new End();
    this.#served = new Set();
    // The connection of the case before is used on where that left it open: as clients do.
    if (this.#client && !this.#atClient.ended) {
      this.#atClient.text = '';
      return;
    }
    this.#client?.destroy();
    this.#client = await this.#connect();
  }

  async #connect(): Promise<Socket> {
    const end = new End();
    this.#atClient = end;
    const socket = connect({
      host: '127.0.0.1',
      port: this.#lane.port,
      noDelay: true,
      allowHalfOpen: true,
    });
    socket.on('data', (bytes) => end.got(bytes.toString('latin1')));
    const over = (): void => {
      readFromClients.wake(this.#listenerAddress);
      end.over();
    };
    socket.on('end', over);
    socket.on('close', over);
    socket.on('error', (error: NodeJS.ErrnoException) => {
      end.code = error.code ?? 'error';
    });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return socket;
  }

  #serve(socket: Socket): void {
    this.#open.add(socket);
    socket.on('data', (bytes) => {
      if (this.#serverSocket !== socket) this.#atServer.ended = false;
      this.#serverSocket = socket;
      this.#served.add(socket);
      this.#atServer.got(bytes.toString('latin1'));
    });
    const over = (): void => {
      if (socket !== this.#serverSocket) return;
      readFromServers.wake(this.#serverAddress);
      if (this.#served.has(socket)) this.#atServer.over();
    };
    socket.on('end', over);
    socket.on('close', () => {
      over();
      this.#open.delete(socket);
    });
    socket.on('error', () => {});
  }

  async #send({ client, server, ends }: Step, cut: Cut): Promise<void> {
    const isClient = client !== undefined;
    const bytes = client ?? server;
    if (bytes === undefined) return;
    const socket = isClient ? this.#client! : this.#serverSocket;
    if (!socket) throw new Error('the server has no connection to answer on');
    const progress = isClient ? readFromClients : readFromServers;
    const address = isClient ? this.#listenerAddress : this.#serverAddress;
    for (const piece of cut(bytes)) {
      if (piece === '' || socket.destroyed) continue;
      const read = progress.of(address) + piece.length;
      socket.write(piece, 'latin1');
      const { ended } = isClient ? this.#atClient : this.#atServer;
      if (!ended) await progress.reaches(address, read);
    }
    if (ends === 'fin') socket.end();
    else if (ends === 'reset') socket.resetAndDestroy();
  }

  async #checkEnds(each: Case): Promise<void> {
    const [client, server] = [this.#atClient, this.#atServer];
    if (each.clientAfter === 'stays' || each.clientAfter === 'stays-or-reset') {
      if (client.ended && each.clientAfter === 'stays')
        throw new Error('the connection to the client ended, and should stay');
    } else {
      await client.when('the end of the connection to the client', () => client.ended);
      const reset = client.code === 'ECONNRESET';
      if (reset !== (each.clientAfter === 'reset'))
        throw new Error(`the client's connection: ${client.code}`);
    }
    if (each.serverAfter === 'closed')
      await server.when('the end of the connection to the server', () => server.ended);
    else if (each.serverAfter === 'kept' && server.ended)
      throw new Error('the connection to the server ended, and should be kept');
    if (each.clientAfter !== 'stays' || each.serverAfter === 'any') await this.#leave();
  }

  /** Closes the client's connection, and waits until the lane has let go of it and of what it began at the server. */
  async #leave(): Promise<void> {
    this.#client?.destroy();
    this.#client = undefined;
    const until = performance.now() + patienceMs;
    while (this.#lane.listener.openConnections > 0) {
      if (performance.now() > until) throw new Error('the listener keeps the connection');
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

function arrives(where: string, end: End, expected: string): Promise<void> | undefined {
  const wanted = pattern(expected);
  return end.when(`${JSON.stringify(expected)} at the ${where}`, () =>
    // What cannot become right any more is told by `compare`.
    wanted ? wanted.test(end.text) : end.text.length >= expected.length || !expected.startsWith(end.text),
  );
}

function compare(where: string, got: string, expected: string): void {
  const wanted = pattern(expected);
  if (wanted ? wanted.test(got) : got === expected) return;
  throw new Error(
    `at the ${where}\n  expected ${JSON.stringify(expected)}\n  got      ${JSON.stringify(got)}`,
  );
}

const patterns = new Map<string, RegExp>();

/** Where the text holds `…`: what it stands for. */
function pattern(text: string): RegExp | null {
  if (!text.includes('…')) return null;
  let made = patterns.get(text);
  if (!made) {
    const parts = text.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    made = new RegExp(`^${parts.join('[^]*?')}$`);
    patterns.set(text, made);
  }
  return made;
}
