import { seededRandom } from '../random.ts';
import { type Act, breaks, early, garbage, refusing, stalls, well } from './acts.ts';
import { type Asking, ask, type Kind, kinds } from './asking.ts';
import { judge, wasTooBusy } from './judge.ts';
import { judgeHedged } from './judge-hedged.ts';
import { startRig } from './rig.ts';
import type { ServerProcess } from './server-process.ts';
import { patientTimes } from './trial.ts';

/** What happens next. Plain data, so that a script can be printed, and shortened. */
export type Step =
  | { readonly does: 'requests'; readonly each: readonly RandomRequest[] }
  | { readonly does: 'kill' | 'start' | 'stop' | 'continue'; readonly server: string };

interface RandomRequest {
  readonly kind: string;
  /** By server, what it does while it runs. */
  readonly acts: Readonly<Record<string, string>>;
  readonly responseBytes: number;
  /** The client leaves as soon as its request is sent. */
  readonly leaves: 'no' | 'closes' | 'resets';
  /** Goes on the connection of an earlier request, if one is left open. */
  readonly keepsAlive: boolean;
}

export interface Script {
  readonly seed: number;
  readonly retry: { readonly attempts: number; readonly on: readonly number[] };
  /** Most attempts begun beside another; 0 for none. */
  readonly hedges: 0 | 1 | 2;
  readonly pauses: boolean;
  /** Attempts have a time of their own, a little less than a response has; or requests have one. */
  readonly timed: 'no' | 'attempts' | 'requests';
  readonly readPath: 'handle' | 'events';
  readonly batching: 'on' | 'off';
  readonly steps: readonly Step[];
}

const acts = new Map(
  [...breaks, ...garbage, ...early, ...refusing, ...stalls, well].map((act) => [act.act, act]),
);
/** A server that closes after its response without saying so may do it under the next request: no rule says how that one ends. */
const quick = [...breaks, ...garbage, ...early, ...refusing]
  .map(({ act }) => act)
  .filter((act) => !/@(idle|response)(\/|$)/.test(act));
const slow = stalls.map(({ act }) => act);
const dead: Act = { act: 'dead', effect: 'fails', outcomes: ['connect-failed', 'closed-before-response'] };
const stopped: Act = { act: 'stopped', effect: 'fails', outcomes: ['timed-out'] };
const shortMs = 500;

export function randomScript(seed: number, names: readonly string[], length = 14): Script {
  const random = seededRandom(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  const some = <T>(items: readonly T[]): T => items[below(items.length)]!;
  const request = (): RandomRequest => {
    const kind = some(kinds);
    const fits = (act: string): boolean => acts.get(act)!.for?.(kind) ?? true;
    const act = (): string => {
      const roll = random();
      if (roll < 0.5) return 'ok';
      const chosen = roll < 0.92 ? some(quick) : some(slow);
      return fits(chosen) ? chosen : 'ok';
    };
    const chosen = Object.fromEntries(names.map((name) => [name, act()]));
    // What a system has taken of a server and not yet sent is lost with a reset: then a large response is not whole.
    const resets = Object.values(chosen).some((each) => each.startsWith('rst') || each.endsWith('@rst'));
    return {
      kind: kind.name,
      acts: chosen,
      responseBytes: some(resets ? [0, 200, 20_000] : [0, 200, 20_000, 300_000]),
      leaves: random() < 0.1 ? some(['closes', 'resets'] as const) : 'no',
      keepsAlive: random() < 0.6,
    };
  };
  const steps = Array.from({ length }, (): Step => {
    if (random() < 0.3)
      return { does: some(['kill', 'start', 'stop', 'continue'] as const), server: some(names) };
    return { does: 'requests', each: Array.from({ length: 1 + below(5) }, request) };
  });
  return {
    seed,
    retry: { attempts: 1 + below(4), on: some([[], [503], [500, 503]]) },
    hedges: some([0, 0, 1, 2] as const),
    pauses: random() < 0.3,
    timed: some(['no', 'no', 'attempts', 'requests'] as const),
    readPath: some(['handle', 'events'] as const),
    batching: some(['off', 'off', 'on'] as const),
    steps,
  };
}

/**
 * Plays a script, one step after the other. What was not as it has to be, in words. All servers run again at its end. Where the
 * machine was too busy for the short timeout, the script is played again with a longer one, and that has to go well.
 */
export async function play(
  script: Script,
  servers: readonly ServerProcess[],
  threads = 1,
): Promise<string[]> {
  const first = await playOnce(script, servers, threads, shortMs);
  return first.tooBusy
    ? (await playOnce(script, servers, threads, shortMs * patientTimes)).problems
    : first.problems;
}

async function playOnce(
  script: Script,
  servers: readonly ServerProcess[],
  threads: number,
  responseMs: number,
): Promise<{ problems: string[]; tooBusy: boolean }> {
  const problems: string[] = [];
  let tooBusy = false;
  const state = new Map<string, 'up' | 'dead' | 'stopped'>(servers.map(({ name }) => [name, 'up']));
  const { retry, hedges, pauses, timed } = script;
  const beside = { most: hedges, isTimed: timed === 'requests' };
  const rig = await startRig({
    servers,
    threads,
    readPath: script.readPath,
    pool: {
      retry: {
        attempts: retry.attempts,
        on: [...retry.on],
        budgetMinPerSecond: 1_000,
        ...(hedges > 0 && { hedge: { after: '40ms', most: hedges } }),
        ...(pauses && { backoff: { base: '60ms' } }),
      },
      timeouts: {
        response: `${responseMs}ms`,
        connect: '5s',
        ...(timed === 'attempts' && { attempt: `${responseMs - 50}ms` }),
        ...(timed === 'requests' && { request: `${Math.round(responseMs * 1.3)}ms` }),
      },
      batching: script.batching === 'on' ? { mode: 'on' } : 'off',
    },
  });
  const open: Asking[] = [];
  const run = `${script.seed}.${performance.now().toFixed(0)}`;
  let number = 0;

  const change = async (does: string, server: ServerProcess): Promise<void> => {
    const now = state.get(server.name)!;
    if (does === 'kill' && now !== 'dead') {
      server.signal('SIGKILL');
      await server.gone();
      state.set(server.name, 'dead');
    } else if (does === 'start' && now === 'dead') {
      await server.start();
      state.set(server.name, 'up');
    } else if (does === 'stop' && now === 'up') {
      server.signal('SIGSTOP');
      await server.stopped();
      state.set(server.name, 'stopped');
    } else if (does === 'continue' && now === 'stopped') {
      server.signal('SIGCONT');
      state.set(server.name, 'up');
    }
  };

  const send = async (each: RandomRequest, kept: Asking | undefined): Promise<void> => {
    number += 1;
    const id = `${run}.${number}`;
    const kind = kinds.find(({ name }) => name === each.kind) as Kind;
    const what = (name: string): Act => {
      const now = state.get(name)!;
      return now === 'dead' ? dead : now === 'stopped' ? stopped : acts.get(each.acts[name]!)!;
    };
    const said = servers.map(({ name }) => `${name}=${each.acts[name]}`).join(',');
    const request = { kind, id, acts: said, responseBytes: each.responseBytes };
    const asking = kept ?? ask(rig.port, request);
    const seeing = kept ? kept.again(request) : asking.seen;
    if (each.leaves !== 'no') {
      seeing.catch(() => {});
      if (each.leaves === 'closes') asking.socket.destroy();
      else asking.socket.resetAndDestroy();
      return;
    }
    const seen = await seeing;
    const told = await rig.journalled(id);
    const acted = Object.fromEntries(servers.map(({ name }) => [name, what(name)]));
    tooBusy ||= wasTooBusy({ acts: acted }, told);
    const played = { request, acts: acted, servers, retry };
    const isRace = beside.most > 0 || beside.isTimed;
    problems.push(...(isRace ? judgeHedged(played, beside, seen, told) : judge(played, seen, told)));
    const closes = seen.fields.get('connection')?.toLowerCase() === 'close';
    if (seen.end === 'open' && !closes) open.push(asking);
    else asking.socket.end();
  };

  try {
    for (const step of script.steps) {
      if (step.does !== 'requests')
        await change(step.does, servers.find(({ name }) => name === step.server)!);
      else {
        await Promise.all(
          step.each.map((each) =>
            send(each, each.keepsAlive && each.leaves === 'no' ? open.pop() : undefined),
          ),
        );
      }
    }
  } catch (error) {
    problems.push(String(error));
  }
  for (const { socket } of open) socket.destroy();
  problems.push(...(await rig.leftovers()), ...(await rig.stop()));
  for (const server of servers) {
    await change('continue', server);
    await change('start', server);
  }
  return { problems, tooBusy };
}

/** A shorter script that fails as well: steps are left out as long as that is so, for so many plays at most. */
export async function shrink(
  script: Script,
  servers: readonly ServerProcess[],
  threads = 1,
  plays = 25,
): Promise<Script> {
  let shortest = script;
  let left = plays;
  for (
    let size = Math.ceil(script.steps.length / 2);
    size >= 1 && left > 0;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let at = 0; at < shortest.steps.length && left > 0; ) {
      const fewer = {
        ...shortest,
        steps: shortest.steps.filter((_, index) => index < at || index >= at + size),
      };
      left -= 1;
      if ((await play(fewer, servers, threads)).length > 0) shortest = fewer;
      else at += size;
    }
  }
  return shortest;
}
