import { connect as connectSocket } from 'node:net';
import { type ContractClient, connect } from '@shared/contract/client.ts';
import type { StateValues, TopicOfKind } from '@shared/contract/topics.ts';
import { WebSocket } from 'ws';
import { websocketChannel } from '../control/channels/websocket-channel.ts';
import { type Run, readRuns } from '../control/run-file.ts';
import { exitCodes, Failure, refusal } from './failure.ts';

const connectTimeoutMs = 5_000;

export interface ChooseOptions {
  /** Which of several that run. */
  readonly controlPort?: number | undefined;
}

/** Connects to the Ballast that runs, does the work and hangs up. Refusals come out as `Failure`. */
export async function withRunning<T>(
  options: ChooseOptions,
  work: (client: ContractClient, run: Run) => Promise<T>,
): Promise<T> {
  const run = await choose(options);
  const socket = new WebSocket(run.socket, { perMessageDeflate: false, handshakeTimeout: connectTimeoutMs });
  try {
    await opened(socket);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Failure(`the Ballast on control port ${run.port} (pid ${run.pid}) does not answer: ${reason}`);
  }
  try {
    const client = await connect(websocketChannel(socket), { token: run.token });
    return await work(client, run);
  } catch (error) {
    throw refusal(error);
  } finally {
    socket.close();
  }
}

async function choose({ controlPort }: ChooseOptions): Promise<Run> {
  let runs = readRuns();
  // The process of one that was killed is gone, and its number may be another's by now: whoever answers counts.
  if (runs.length > 1) {
    const answering = await Promise.all(runs.map(isListening));
    runs = runs.filter((_, index) => answering[index]);
  }
  const found = controlPort === undefined ? runs : runs.filter(({ port }) => port === controlPort);
  const [first] = found;
  if (first && found.length === 1) return first;
  const listed = runs
    .map(({ port, title, pid }) => `  --control-port ${port}  ${title} (pid ${pid})`)
    .join('\n');
  if (found.length > 1) {
    throw new Failure(`several run; choose one:\n${listed}`, { exitCode: exitCodes.usage });
  }
  if (runs.length > 0) {
    throw new Failure(`none runs on control port ${controlPort}; there is\n${listed}`, {
      exitCode: exitCodes.usage,
    });
  }
  throw new Failure('no Ballast runs here; start one with "ballast up" or "ballast demo"');
}

function isListening({ socket }: Run): Promise<boolean> {
  const { hostname, port } = new URL(socket);
  return new Promise((resolve) => {
    const probe = connectSocket({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) });
    const answer = (listening: boolean): void => {
      probe.destroy();
      resolve(listening);
    };
    // One that is only slow is left for the person to choose.
    probe.setTimeout(1_000, () => answer(true));
    probe.once('connect', () => answer(true)).once('error', () => answer(false));
  });
}

function opened(socket: WebSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('open', () => {
      socket.removeAllListeners('error');
      resolve();
    });
    socket.on('error', reject);
  });
}

/** The state of a topic at this moment. */
export function readState<N extends TopicOfKind<'state'>>(
  client: ContractClient,
  topic: N,
): Promise<Partial<StateValues[N]>> {
  return new Promise((resolve, reject) => {
    const hangUp = client.onClose((reason) => reject(new Failure(`the connection closed: ${reason}`)));
    const unsubscribe = client.state(topic, {
      onSnapshot(entries) {
        hangUp();
        void Promise.resolve().then(() => unsubscribe());
        resolve(Object.fromEntries(entries) as Partial<StateValues[N]>);
      },
      onChange() {},
    });
  });
}

/** Resolves when the person ends the command or Ballast hangs up; says which. */
export function untilInterrupted(client: ContractClient): Promise<'interrupted' | 'closed'> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve('interrupted'));
    process.once('SIGTERM', () => resolve('interrupted'));
    client.onClose(() => resolve('closed'));
  });
}
