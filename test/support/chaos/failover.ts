import { runQuietly } from '../../../scripts/lib/run.mjs';
import { seededRandom } from '../random.ts';
import { startCliRig } from './cli-rig.ts';
import { type LoadResult, startGetLoad } from './get-load.ts';
import { type HavocKind, startHavoc } from './havoc.ts';

export interface FailoverOptions {
  readonly act: HavocKind;
  readonly seconds: number;
  readonly connections: number;
  readonly servers: number;
  readonly strategy: string;
  /** `cookie`: every client keeps its own. */
  readonly affinity: 'none' | 'cookie' | 'client-ip';
  readonly batching: 'off' | 'on' | 'adaptive';
  /** `wrk`: the program of that name; it looks at statuses and connections only. */
  readonly load: 'own' | 'wrk';
  readonly seed: number;
  /** Of the data plane. More than one takes a Node that can, see docs/guide/threads.md. */
  readonly threads: number;
}

export const usualFailover: FailoverOptions = {
  act: 'kill',
  seconds: 4,
  connections: 64,
  servers: 3,
  strategy: 'round-robin',
  affinity: 'none',
  batching: 'off',
  load: 'own',
  seed: 1,
  threads: 1,
};

/** What any load tells; wrk does not look into answers. */
type Outcome = Pick<LoadResult, 'answered' | 'failed' | 'failures'> & Partial<LoadResult>;

export interface FailoverResult extends Outcome {
  readonly acts: readonly string[];
}

/** GETs without pause while something is done to servers every 300 ms, at least one being well at every moment. */
export async function runFailover(options: FailoverOptions): Promise<FailoverResult> {
  const { act, seconds, connections, servers, strategy, affinity, batching, load, seed, threads } = options;
  const pool = [
    `strategy: ${strategy}`,
    `batching: "${batching}"`,
    `affinity: { type: ${affinity} }`,
    // A server that is stopped takes connections and says nothing: how long that is believed is the pool's to say. Long enough
    // that one that runs beside many others is not believed stopped.
    ...(act === 'pause' ? ['timeouts: { response: 2s }'] : []),
    // All clients at once may meet a server that fails: many, beside the few requests that a machine with much else to do has
    // served by then, of which the usual budget is a share.
    ...(load === 'own' || act === 'pause' ? ['retry: { budgetMinPerSecond: 1000 }'] : []),
  ];
  const rig = await startCliRig(servers, pool, threads);
  try {
    const havoc = startHavoc(rig.servers, act, seededRandom(seed));
    let result: Outcome;
    if (load === 'wrk') result = await runWrk(rig.port, connections, seconds);
    else {
      const running = startGetLoad(rig.port, connections, { cookies: affinity === 'cookie' });
      await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
      result = await running.stop();
    }
    await havoc.stop();
    return { ...result, acts: havoc.acts };
  } finally {
    await rig.dispose();
  }
}

async function runWrk(port: number, connections: number, seconds: number): Promise<Outcome> {
  const args = ['-t2', `-c${connections}`, `-d${seconds}s`, '--timeout', '20s', `http://127.0.0.1:${port}/`];
  const { code, output } = await runQuietly('wrk', args);
  if (code !== 0) throw new Error(`wrk ended with ${code}: ${output}`);
  const answered = Number(/(\d+) requests in/.exec(output)?.[1] ?? 0);
  const statuses = Number(/Non-2xx or 3xx responses: (\d+)/.exec(output)?.[1] ?? 0);
  const errors = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(output);
  const broken = errors ? errors.slice(1).reduce((sum, each) => sum + Number(each), 0) : 0;
  const failed = statuses + broken;
  return { answered, failed, failures: failed > 0 ? [output] : [] };
}
