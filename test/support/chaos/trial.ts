import type { ReadPath } from '../../../main/engine/sockets/lane-socket.ts';
import { type Act, well } from './acts.ts';
import { ask, type Kind } from './asking.ts';
import { judge, wasTooBusy } from './judge.ts';
import { startRig } from './rig.ts';
import type { ServerProcess } from './server-process.ts';

/** One request through an engine of its own. */
export interface Trial {
  readonly kind: Kind;
  readonly act: Act;
  /** The first `bad` of them do it, the others behave. */
  readonly servers: readonly ServerProcess[];
  readonly bad: number;
  readonly retry: { readonly attempts: number; readonly on: readonly number[] };
  readonly responseMs: number;
  readonly connectMs?: number;
  readonly readPath?: ReadPath;
  readonly batching?: 'on' | 'off';
  readonly responseBytes?: number;
}

let lastId = 0;

/** How much longer a timeout is where the machine was too busy for it. */
export const patientTimes = 8;

/**
 * Runs it. Whatever is not as it has to be, in words; nothing of the request may be left when it is over. Where the machine was too
 * busy for the short timeout of the trial, it is run again with a longer one, and that has to go well.
 *
 * @param renew the servers of another run, where those of the first are used up
 */
export async function runTrial(
  trial: Trial,
  renew: () => Promise<readonly ServerProcess[]> = async () => trial.servers,
): Promise<string[]> {
  const first = await runOnce(trial);
  if (!first.tooBusy) return first.problems;
  const again = { ...trial, servers: await renew(), responseMs: trial.responseMs * patientTimes };
  return (await runOnce(again)).problems;
}

async function runOnce(trial: Trial): Promise<{ problems: string[]; tooBusy: boolean }> {
  lastId += 1;
  const { kind, act, servers, bad, retry, responseMs, connectMs = 5_000, readPath, batching = 'off' } = trial;
  const acts = Object.fromEntries(servers.map(({ name }, index) => [name, index < bad ? act : well]));
  const request = {
    kind,
    id: `t${lastId}`,
    acts: servers.map(({ name }) => `${name}=${acts[name]!.act}`).join(','),
    responseBytes: trial.responseBytes ?? 200,
  };
  const rig = await startRig({
    servers,
    ...(readPath && { readPath }),
    pool: {
      retry: { attempts: retry.attempts, on: [...retry.on] },
      timeouts: { response: `${responseMs}ms`, connect: `${connectMs}ms` },
      batching: batching === 'on' ? { mode: 'on' } : 'off',
    },
  });
  const asking = ask(rig.port, request);
  try {
    const seen = await asking.seen;
    const told = await rig.journalled(request.id);
    const problems = judge({ request, acts, servers, retry }, seen, told);
    asking.socket.end();
    await asking.closed();
    problems.push(...(await rig.leftovers()), ...(await rig.stop()));
    return { problems, tooBusy: wasTooBusy({ acts }, told) };
  } catch (error) {
    await rig.stop();
    const problem = `${String(error)} (${kind.name}, ${act.act}, ${bad} of ${servers.length})`;
    return { problems: [problem], tooBusy: false };
  }
}

/** Runs them, so many at a time. */
export async function runTrials(trials: readonly Trial[], atOnce = 24): Promise<string[]> {
  const problems: string[] = [];
  const waiting = [...trials];
  const worker = async (): Promise<void> => {
    for (let trial = waiting.shift(); trial; trial = waiting.shift())
      problems.push(...(await runTrial(trial)));
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return problems;
}

/** Sockets of any kind that this process has open. */
export function openSockets(): number {
  return process.getActiveResourcesInfo().filter((what) => what.startsWith('TCP')).length;
}
